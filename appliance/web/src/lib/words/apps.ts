import { useStore } from '@/lib/store'
import { language, type Language } from '@/lib/words'

const count = (n: number, one: string, many: string): string => `${String(n)} ${n === 1 ? one : many}`

/** The words of the pages about apps. They are fetched with them, since the first page needs none of them. */
const en = {
  title: 'Apps', lead: 'Each has a network and data of its own, and the box asks who it is before an app is asked anything.', here: (n: number) => n === 1 ? 'One app is here.' : `${String(n)} apps are here.`, ill: (name: string) => `${name} is not well.`, illMany: (n: number) => `${String(n)} apps are not well.`,
  installed: 'Installed', seeAll: 'See all', toAll: 'All apps', toStore: 'Open the store', about: 'About it', aboutNamed: (name: string) => `About ${name}`, open: 'Open', newTab: ' (opens a new tab)',
  none: 'No app is installed.', noneHelp: 'The store shows the apps of the catalogues that were handed to the box.', noneMember: 'An owner of this box can install some.', byCommand: 'Or by command line, from a folder with an app in it',
  named: (box: string) => `By this address apps are not kept apart from each other, so they open by the name of the box: ${box}. There the box asks you to sign in once more.`,
  states: { installing: 'being installed', running: 'runs', starting: 'starting', stopped: 'stopped', failing: 'not well' }, leaving: 'being removed', restarting: 'starting again',
  ways: { installing: 'It is not here yet.', stopped: 'It is stopped.', pageless: 'no page of its own', closed: 'not open to you' },
  underWay: 'Under way', works: (kind: string, name: string) => kind === 'install' ? `${name} is being installed` : kind === 'uninstall' ? `${name} is being taken away` : kind === 'restart' ? `${name} is starting again` : `Something is being done to ${name}`,
  away: 'Apps cannot run on this box now.', awayHelp: 'What apps have kept is safe. They start by themselves as soon as they can.',
  gone: 'It is not here', goneTitle: 'There is no such app on this box.', goneHelp: 'It may have been taken away. What it had kept is still there, and a new install finds it again.',
  how: 'How it is', sentences: { installing: 'It is being fetched and set up.', running: 'All is well.', starting: 'It is starting.', stopped: 'It is stopped. What it has kept stays.', failing: 'A part ends again and again, or is not well.' }, parts: 'Parts', restarts: (n: number) => `started again by itself ${count(n, 'time', 'times')}`,
  partStates: { running: 'runs', healthy: 'well', unhealthy: 'not well', starting: 'starting', ended: 'ended', absent: 'not there' },
  failed: (kind: string, when: string) => kind === 'install' ? `It could not be installed, ${when}.` : kind === 'uninstall' ? `It could not be taken away, ${when}.` : `The last piece of work did not end well, ${when}.`,
  start: 'Start', stop: 'Stop', restart: 'Start again', restarted: 'It ends and starts again.',
  wayOut: 'The way out', wayOpen: 'open', wayClosed: 'closed', closedMeans: 'Nothing leaves the app’s own network, not even a question for a name. Whoever may use it here still can.', openMeans: 'It reaches the internet, and may send there what it knows. It reaches neither your home network nor other apps nor the box.', openWay: 'Open the way out', closeWay: 'Close the way out',
  received: 'Came in', sent: 'Went out', denied: 'Packets turned back', countedSince: 'Counted since the install. What you and others do with it here is not in it.',
  access: 'Who gets to it', accessLead: 'The box asks for the sign-in before the app sees anybody.', openTo: { household: 'Everybody of the household', people: 'Some people', public: 'Everybody, without a sign-in' }, who: 'Who?',
  publicMeans: 'Everybody who reaches the box reaches this app, without a sign-in: guests in your network, and the whole internet where the box can be reached from there. Only the app itself can then keep anybody out.',
  may: 'What it may do', mayNothing: 'Nothing beyond its own network and data.',
  signIn: 'To sign in to it', signInLead: 'Values that were made for this install alone. The app may ask for them the first time.', noSecrets: 'This app has none: it knows who you are from the box, or asks you to make an account.',
  facts: 'About it', version: 'Version', source: 'From', since: 'Installed', uninstall: 'Uninstall', uninstallTitle: (name: string) => `Uninstall ${name}?`, uninstallLead: 'The app goes. What it has kept stays on the box, and a new install of the same app finds it again.', uninstalled: (name: string) => `${name} is uninstalled. What it has kept is still there.`,
  log: 'What it wrote last', searchLog: 'Search in it', part: 'Part', allParts: 'All parts', lines: 'Lines of the log', noLines: 'It has written nothing yet.', noFound: (sought: string) => `No line has “${sought}” in it.`,
  store: 'Store', storeLead: 'Apps of the catalogues that were handed to this box. Nothing here is loaded from elsewhere, and what an app asks for stands beside it.', search: 'Search', categories: 'Category', all: 'All', category: (name: string, n: number) => `${name} (${String(n)})`,
  noOffer: 'No app is called that.', noOfferHelp: 'Look for other words, or in all categories.', showAll: 'Show all', span: (from: number, to: number, total: number) => `${String(from)} to ${String(to)} of ${count(total, 'app', 'apps')}`, pages: 'Pages', before: 'Before', after: 'After',
  isInstalled: 'installed', notHere: 'not for this box', asksNothing: 'It asks for nothing beyond its own network and data.', moreLines: (n: number) => `and ${String(n)} more`,
  noCatalog: 'No catalogue is here yet.', noCatalogHelp: 'A catalogue is a folder of apps, as CasaOS, Umbrel and Runtipi publish them. Fetch one to a computer of yours and hand it over from there.', addByCommand: 'Hand over a catalogue', addCommand: 'croft app catalog add DIR --name NAME',
  catalogs: 'Catalogues', catalogsLead: 'The store shows what they say. Handing one over again under the same name takes its place.', count: (n: number) => count(n, 'app', 'apps'), handedOver: (when: string) => `handed over ${when}`, removeTitle: (name: string) => `Remove the catalogue “${name}”?`, removeLead: 'The store shows its apps no longer. Apps that were installed from it stay.', removed: 'The catalogue is removed.',
  install: 'Install', installedAs: (name: string, version: string) => version === '' ? `${name} is installed.` : `${name} is installed, version ${version}.`, refused: 'It cannot be had on this box.', consent: 'What it asks for', consentHelp: 'Grant each of them to go on. An app cannot be installed without what it asks for.', grantFirst: 'It can be installed once you have granted each thing that it asks for.', doInstall: 'Install it',
  wayOutLater: 'Its way out to the internet is closed at first, and only the household gets to it. Both can be changed on its page.', optional: (label: string) => `${label} (may be left empty)`, chooseOne: 'Choose one', yes: 'Yes', no: 'No', flaws: { missing: 'This must be filled in.', number: 'This is a whole number.', address: 'This is an address, like https://example.org.', mail: 'This is a mail address.' },
  what: 'What it is', developer: 'By', fetched: 'What is fetched', different: 'What is different here', tips: 'Good to know',
  stuck: 'The app does not open.', stuckLead: 'You are signed in, but the box did not lead on to the app.',
}

export type AppsWords = typeof en

const de: AppsWords = {
  title: 'Apps', lead: 'Jede hat ein eigenes Netz und eigene Daten, und die Box fragt, wer da ist, bevor eine App etwas gefragt wird.', here: (n) => n === 1 ? 'Eine App ist hier.' : `${String(n)} Apps sind hier.`, ill: (name) => `${name} geht es nicht gut.`, illMany: (n) => `${String(n)} Apps geht es nicht gut.`,
  installed: 'Installiert', seeAll: 'Alle zeigen', toAll: 'Alle Apps', toStore: 'Zum Laden', about: 'Mehr dazu', aboutNamed: (name) => `Mehr zu ${name}`, open: 'Öffnen', newTab: ' (öffnet einen neuen Tab)',
  none: 'Keine App ist installiert.', noneHelp: 'Der Laden zeigt die Apps der Kataloge, die der Box übergeben wurden.', noneMember: 'Wem diese Box gehört, kann welche installieren.', byCommand: 'Oder auf der Kommandozeile, aus einem Ordner mit einer App',
  named: (box) => `Unter dieser Adresse sind Apps nicht voneinander getrennt, darum öffnen sie sich unter dem Namen der Box: ${box}. Dort fragt die Box noch einmal nach der Anmeldung.`,
  states: { installing: 'wird installiert', running: 'läuft', starting: 'startet', stopped: 'angehalten', failing: 'nicht gut' }, leaving: 'wird entfernt', restarting: 'startet neu',
  ways: { installing: 'Sie ist noch nicht da.', stopped: 'Sie ist angehalten.', pageless: 'ohne eigene Seite', closed: 'für dich nicht offen' },
  underWay: 'Im Gange', works: (kind, name) => kind === 'install' ? `${name} wird installiert` : kind === 'uninstall' ? `${name} wird entfernt` : kind === 'restart' ? `${name} startet neu` : `Mit ${name} geschieht etwas`,
  away: 'Auf dieser Box können jetzt keine Apps laufen.', awayHelp: 'Was Apps aufgehoben haben, ist sicher. Sie starten von selbst, sobald sie können.',
  gone: 'Nicht da', goneTitle: 'Diese App gibt es auf dieser Box nicht.', goneHelp: 'Vielleicht wurde sie entfernt. Was sie aufgehoben hatte, ist noch da, und eine neue Installation findet es wieder.',
  how: 'Wie es ihr geht', sentences: { installing: 'Sie wird geholt und eingerichtet.', running: 'Alles ist gut.', starting: 'Sie startet.', stopped: 'Sie ist angehalten. Was sie aufgehoben hat, bleibt.', failing: 'Ein Teil endet immer wieder, oder es geht ihm nicht gut.' }, parts: 'Teile', restarts: (n) => `${String(n)}-mal von selbst neu gestartet`,
  partStates: { running: 'läuft', healthy: 'gut', unhealthy: 'nicht gut', starting: 'startet', ended: 'beendet', absent: 'nicht da' },
  failed: (kind, when) => kind === 'install' ? `Sie ließ sich nicht installieren, ${when}.` : kind === 'uninstall' ? `Sie ließ sich nicht entfernen, ${when}.` : `Die letzte Arbeit an ihr ging nicht gut aus, ${when}.`,
  start: 'Starten', stop: 'Anhalten', restart: 'Neu starten', restarted: 'Sie endet und startet neu.',
  wayOut: 'Der Weg hinaus', wayOpen: 'offen', wayClosed: 'zu', closedMeans: 'Nichts verlässt das eigene Netz der App, nicht einmal die Frage nach einem Namen. Wer sie hier benutzen darf, kann es weiterhin.', openMeans: 'Sie erreicht das Internet und kann dorthin senden, was sie weiß. Dein Heimnetz, andere Apps und die Box erreicht sie nicht.', openWay: 'Weg hinaus öffnen', closeWay: 'Weg hinaus schließen',
  received: 'Kam herein', sent: 'Ging hinaus', denied: 'Abgewiesene Pakete', countedSince: 'Gezählt seit der Installation. Was du und andere hier mit ihr tun, ist nicht dabei.',
  access: 'Wer zu ihr kommt', accessLead: 'Die Box fragt nach der Anmeldung, bevor die App jemanden sieht.', openTo: { household: 'Alle im Haushalt', people: 'Einige Menschen', public: 'Alle, ohne Anmeldung' }, who: 'Wer?',
  publicMeans: 'Wer die Box erreicht, erreicht diese App, ohne Anmeldung: Gäste in deinem Netz und das ganze Internet, wo die Box von dort zu erreichen ist. Dann kann nur noch die App selbst jemanden abweisen.',
  may: 'Was sie darf', mayNothing: 'Nichts außer ihrem eigenen Netz und ihren Daten.',
  signIn: 'Zum Anmelden bei ihr', signInLead: 'Werte, die nur für diese Installation gemacht wurden. Beim ersten Mal fragt die App vielleicht danach.', noSecrets: 'Diese App hat keine: Sie weiß von der Box, wer du bist, oder lässt dich ein Konto anlegen.',
  facts: 'Über sie', version: 'Version', source: 'Aus', since: 'Installiert', uninstall: 'Deinstallieren', uninstallTitle: (name) => `${name} deinstallieren?`, uninstallLead: 'Die App geht. Was sie aufgehoben hat, bleibt auf der Box, und eine neue Installation derselben App findet es wieder.', uninstalled: (name) => `${name} ist deinstalliert. Was sie aufgehoben hat, ist noch da.`,
  log: 'Was sie zuletzt schrieb', searchLog: 'Darin suchen', part: 'Teil', allParts: 'Alle Teile', lines: 'Zeilen des Protokolls', noLines: 'Sie hat noch nichts geschrieben.', noFound: (sought) => `In keiner Zeile steht „${sought}“.`,
  store: 'Laden', storeLead: 'Apps der Kataloge, die dieser Box übergeben wurden. Nichts hier wird von anderswo geladen, und was eine App verlangt, steht dabei.', search: 'Suchen', categories: 'Kategorie', all: 'Alle', category: (name, n) => `${name} (${String(n)})`,
  noOffer: 'So heißt keine App.', noOfferHelp: 'Suche mit anderen Wörtern oder in allen Kategorien.', showAll: 'Alle zeigen', span: (from, to, total) => `${String(from)} bis ${String(to)} von ${count(total, 'App', 'Apps')}`, pages: 'Seiten', before: 'Davor', after: 'Danach',
  isInstalled: 'installiert', notHere: 'nicht für diese Box', asksNothing: 'Sie verlangt nichts außer ihrem eigenen Netz und ihren Daten.', moreLines: (n) => `und ${String(n)} mehr`,
  noCatalog: 'Noch ist kein Katalog hier.', noCatalogHelp: 'Ein Katalog ist ein Ordner mit Apps, wie CasaOS, Umbrel und Runtipi sie veröffentlichen. Hol einen auf einen deiner Rechner und übergib ihn von dort.', addByCommand: 'Einen Katalog übergeben', addCommand: 'croft app catalog add ORDNER --name NAME',
  catalogs: 'Kataloge', catalogsLead: 'Der Laden zeigt, was sie sagen. Wird einer unter demselben Namen neu übergeben, tritt er an seine Stelle.', count: (n) => count(n, 'App', 'Apps'), handedOver: (when) => `übergeben ${when}`, removeTitle: (name) => `Katalog „${name}“ entfernen?`, removeLead: 'Der Laden zeigt seine Apps nicht mehr. Apps, die aus ihm installiert wurden, bleiben.', removed: 'Der Katalog ist entfernt.',
  install: 'Installieren', installedAs: (name, version) => version === '' ? `${name} ist installiert.` : `${name} ist installiert, Version ${version}.`, refused: 'Auf dieser Box gibt es sie nicht.', consent: 'Was sie verlangt', consentHelp: 'Gewähre jedes davon, um weiterzugehen. Ohne das, was sie verlangt, lässt sich eine App nicht installieren.', grantFirst: 'Sie lässt sich installieren, sobald du alles gewährt hast, was sie verlangt.', doInstall: 'Jetzt installieren',
  wayOutLater: 'Ihr Weg hinaus ins Internet ist anfangs zu, und nur der Haushalt kommt zu ihr. Beides lässt sich auf ihrer Seite ändern.', optional: (label) => `${label} (darf leer bleiben)`, chooseOne: 'Wähle eines', yes: 'Ja', no: 'Nein', flaws: { missing: 'Das muss ausgefüllt sein.', number: 'Das ist eine ganze Zahl.', address: 'Das ist eine Adresse, etwa https://example.org.', mail: 'Das ist eine Mail-Adresse.' },
  what: 'Was sie ist', developer: 'Von', fetched: 'Was geholt wird', different: 'Was hier anders ist', tips: 'Gut zu wissen',
  stuck: 'Die App öffnet sich nicht.', stuckLead: 'Du bist angemeldet, aber die Box hat dich nicht zur App geführt.',
}

/** Both languages, of one shape. */
export const appsCatalogues: Record<Language, AppsWords> = { en, de }

/** The words of the pages, in the language of this browser. */
export const useAppsWords = (): AppsWords => appsCatalogues[useStore(language)]
