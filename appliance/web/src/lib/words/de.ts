import type { Words } from '@/lib/words/en'

/** Alle Worte der Oberfläche auf Deutsch. Die Form gibt `en.ts` vor. */

const zahl = (n: number, eins: string, viele: string): string => `${String(n)} ${n === 1 ? eins : viele}`
const worte = ['Keine', 'Ein', 'Zwei', 'Drei', 'Vier', 'Fünf', 'Sechs', 'Sieben', 'Acht', 'Neun', 'Zehn', 'Elf', 'Zwölf']
const viele = (n: number): string => worte[n] ?? String(n)

export const de: Words = {
  common: {
    cancel: 'Abbrechen', close: 'Schließen', copy: 'Kopieren', copied: 'Kopiert.', save: 'Speichern', saved: 'Gespeichert.', retry: 'Noch einmal',
    remove: 'Entfernen', loading: 'Einen Moment …', show: 'Zeigen', hide: 'Verbergen', ownerOnly: 'Das darf nur, wem diese Box gehört.', ownerSees: 'Das sieht und ändert nur, wem diese Box gehört.',
    changedElsewhere: 'Das wurde inzwischen anderswo geändert. Bitte noch einmal ansehen: So ist es jetzt.', more: 'Mehr zeigen',
    skip: 'Zum Inhalt springen', typeName: (name) => `Zum Fortfahren „${name}“ eintippen.`, code: (code) => `Code: ${code}`,
    notFound: 'Unter dieser Adresse ist nichts.', notFoundHelp: 'Vielleicht wurde es verschoben. Die Startseite ist noch, wo sie war.', goHome: 'Zur Startseite',
  },
  nav: { label: 'Hauptmenü', home: 'Start', files: 'Dateien', activity: 'Aktivität', settings: 'Einstellungen', repairs: 'Reparaturen', find: 'Alles finden', signOut: 'Abmelden' },
  theme: { label: 'Aussehen', system: 'Wie dieses Gerät', light: 'Hell', dark: 'Dunkel', toggle: 'Zwischen hell und dunkel wechseln' },
  reach: {
    lost: 'Die Box antwortet nicht. Es wird von selbst weiter versucht; nichts Gespeichertes ist verloren.', back: 'Die Box ist wieder da.',
    leaving: { restart: 'Die Box startet neu. In ein paar Minuten ist sie wieder da, und diese Seite merkt es von selbst.', 'shut-down': 'Die Box fährt herunter. Zieh den Stecker erst, wenn ihr Licht aus ist; ihr Einschaltknopf startet sie wieder.' },
  },
  power: {
    title: 'Ein und aus', lead: 'Alles auf der Box endet geordnet, so dass nichts Gespeichertes verloren geht.', restart: 'Neu starten', shutDown: 'Herunterfahren',
    restartTitle: 'Die Box neu starten?', restartLead: 'Laufende Übertragungen enden. Die Box ist in ein bis drei Minuten wieder da, und niemand muss sich neu anmelden.',
    shutDownTitle: 'Die Box herunterfahren?', shutDownLead: 'Laufende Übertragungen enden. Niemand erreicht die Box, bis jemand ihren Einschaltknopf drückt. In etwa einer Minute ist sie aus; zieh den Stecker erst, wenn ihr Licht aus ist.',
  },
  problems: {
    failed: 'Das hat nicht geklappt.',
    unreachable: 'Die Box hat nicht geantwortet. Ist dieses Gerät noch zu Hause und die Box eingeschaltet?',
    byCode: {},
  },
  claim: {
    title: 'Willkommen zu Hause.', lead: 'Diese Box gehört noch niemandem. In ein paar Minuten ist sie deine, und dafür verlässt nichts das Haus.',
    step: (at, of) => `Schritt ${String(at)} von ${String(of)}`,
    codeTitle: 'Welche Box ist es?', codeLead: 'Gib den Kopplungscode ein. Er steht auf dem Bildschirm der Box und in der Datei „pairing-code“ in ihrem Ordner; so kann sie nur übernehmen, wer sie sehen kann.',
    codeScanned: 'Das gescannte Bild hat den Kopplungscode mitgebracht. Vergleich ihn mit dem Bildschirm der Box, dann geht es weiter.',
    code: 'Kopplungscode', continue: 'Weiter',
    personTitle: 'Wer bist du?', personLead: 'Die Box wird dir gehören. Andere kannst du danach einladen.',
    boxName: 'Wie soll die Box heißen?', boxNameHint: 'Wie ein Haustier oder ein Haus: Malve, Ulme, Dachboden.', displayName: 'Dein Name', name: 'Name zum Anmelden', nameHint: 'Kleine Buchstaben, Ziffern und -, zuerst ein Buchstabe. Er steht auch in Pfaden.',
    passphrase: 'Passphrase', kitTitle: 'Dein Rettungsblatt', kitLead: 'Diese 24 Wörter sind der einzige Weg zurück, wenn die Passphrase vergessen ist. Niemand sonst hat sie: wir nicht, und auch die Box nicht in lesbarer Form. Drucke das Blatt oder schreibe die Wörter ab und verwahre sie, wo dein Pass liegt.',
    print: 'Blatt drucken', kept: 'Gedruckt oder abgeschrieben', sheetTitle: (box) => `Rettungsblatt von ${box}`, sheetMade: (person, name, day) => `Gemacht für ${person} am ${day}; anmelden als ${name}.`,
    sheetUse: (host) => `So geht es: ${host} öffnen, „Vergessen? Das Rettungsblatt benutzen“ wählen und die Wörter in dieser Reihenfolge eingeben. Das Quadrat enthält dieselben Wörter.`, qr: 'Die 24 Wörter als QR-Code', words: 'Die 24 Wörter der Reihe nach',
    proofTitle: 'Ist es gut verwahrt?', proofLead: 'Drei Wörter vom Blatt, um sicher zu sein, dass es lesbar ist.', word: (n) => `Wort ${String(n)}`, back: 'Das Blatt noch einmal ansehen', finish: 'Abschließen',
    doneTitle: 'Alles bereit.', doneLead: (box) => `${box} gehört dir. Die Box bewahrt deine Dateien, hört auf dich und läuft auch ohne Internet.`, go: 'Zur Startseite',
  },
  strength: {
    empty: 'Mindestens 10 Zeichen. Vier ungewöhnliche Wörter sind leicht zu merken und schwer zu raten.',
    short: (left) => `Noch mindestens ${zahl(left, 'Zeichen', 'Zeichen')}.`,
    weak: 'Das wäre bald erraten. Ein paar andere Wörter dazu machen es stark.', fair: 'Gut genug. Ein Wort mehr macht es stark.', strong: 'Stark. Das errät niemand.',
  },
  door: {
    title: (box) => `Willkommen bei ${box}.`, lead: 'Melde dich an; es geht weiter, wo du warst.', name: 'Name', passphrase: 'Passphrase', signIn: 'Anmelden', forgotten: 'Vergessen? Das Rettungsblatt benutzen', invited: 'Ich habe eine Einladung',
    recoverTitle: 'Eine neue Passphrase', recoverLead: 'Hol das Rettungsblatt hervor und gib seine 24 Wörter der Reihe nach ein. Danach sind alle Browser abgemeldet.', words: 'Die 24 Wörter', wordsHint: (n) => `${String(n)} von 24 Wörtern`, newPassphrase: 'Neue Passphrase', recover: 'Neue Passphrase setzen', recovered: 'Die Passphrase ist neu. Melde dich damit an.', backToSignIn: 'Zurück zum Anmelden',
    joinTitle: 'Du bist eingeladen.', joinLead: 'Gib den Code ein, den du bekommen hast, und wähle eine eigene Passphrase.', code: 'Einladungscode', join: 'Mitmachen', joined: 'Willkommen. Melde dich mit Name und Passphrase an.',
  },
  home: {
    well: (box) => `Alles ist gut bei ${box}.`, notice: (box) => `Alles ist gut bei ${box}, mit einem Wort zu lesen.`, degraded: (box) => `${box} braucht einen Blick.`, critical: (box) => `${box} braucht dich.`,
    lead: (people, spaces, free) => `${viele(people)} ${people === 1 ? 'Mensch' : 'Menschen'}, ${viele(spaces).toLowerCase()} ${spaces === 1 ? 'Raum' : 'Räume'}, ${free} frei.`,
    storage: 'Speicher', free: (free, total) => `${free} von ${total} frei`, used: (percent) => `${percent} belegt`, pool: (kind, system) => kind === 'folder' ? `Ein Ordner auf ${system}` : system,
    cannot: 'Was dieser Speicher nicht kann', people: 'Menschen', peopleEmpty: 'Bisher wohnst du hier allein.', invite: 'Jemanden hinzufügen', warnings: 'Anzusehen', allRepairs: 'Zu den Reparaturen',
    lately: 'Zuletzt', latelyEmpty: 'Noch ist nichts geschehen.', allActivity: 'Alles ansehen', roles: 'Am Werk', restarts: (n) => `${String(n)}-mal neu gestartet`,
    roleStates: { waiting: 'bereit bei Bedarf', starting: 'startet', ready: 'am Werk', stopping: 'endet', restarting: 'startet neu', looping: 'scheitert immer wieder', stopped: 'aus' },
    version: (version) => `Croft ${version}`, owner: 'Besitz', member: 'Mitglied', oneUser: 'Auf diesem Rechner laufen alle Teile der Box als ein Benutzer, also trennt der Kernel die Dateien der Menschen nicht. Gut zum Ausprobieren, nicht für einen Haushalt.',
  },
  files: {
    title: 'Deine Dateien', root: 'Dateien', path: 'Pfad', lead: (folders, files, size) => [folders > 0 ? zahl(folders, 'Ordner', 'Ordner') : '', files > 0 ? `${zahl(files, 'Datei', 'Dateien')}, ${size}` : ''].filter(Boolean).join(', ') + '.',
    empty: 'Noch nichts hier.', emptyHelp: 'Zieh Dateien auf diese Seite oder wähle sie aus.', upload: 'Hochladen', uploadFiles: 'Dateien …', uploadFolder: 'Einen Ordner …', newFolder: 'Neuer Ordner', folderName: 'Name des Ordners', create: 'Anlegen',
    view: 'Ansicht', list: 'Liste', grid: 'Raster', sort: 'Ordnen nach', name: 'Name', size: 'Größe', modified: 'Geändert', download: 'Herunterladen', delete: 'Löschen', folderDownload: 'Ordner lassen sich noch nicht als Ganzes herunterladen. Öffne den Ordner und wähle Dateien aus.',
    selected: (n, size) => `${String(n)} ausgewählt · ${size}`, selectNone: 'Auswahl aufheben', shared: 'Gemeinsamer Raum', readOnly: 'Hier darfst du ansehen, aber nichts ändern.', mountedDelete: 'Ein gemeinsamer Raum wird in den Einstellungen entfernt, nicht hier.',
    deleteTitle: (n, name) => n === 1 ? `„${name}“ löschen?` : `${String(n)} Dinge löschen?`, deleteLead: 'Sie kommen in den Papierkorb der Box und sind nicht gleich weg.', deleteLeadOne: 'Es kommt in den Papierkorb der Box und ist nicht gleich weg.', deleted: (n) => n === 1 ? 'In den Papierkorb gelegt.' : `${String(n)} Dinge in den Papierkorb gelegt.`,
    drop: (folder) => `Loslassen, um nach „${folder}“ hochzuladen`, badName: 'Ein Name darf nicht leer, „.“ oder „..“ sein, keinen Schrägstrich haben und höchstens 255 Byte lang sein.', made: (name) => `Der Ordner „${name}“ ist da.`, things: 'Dateien und Ordner', keys: 'Pfeile bewegen, Leertaste wählt aus, Eingabe öffnet, Entf löscht.',
    missing: 'Diesen Ordner gibt es nicht mehr.', up: 'Nach oben', partly: (failed) => `${zahl(failed, 'Ding konnte', 'Dinge konnten')} nicht gelöscht werden.`,
  },
  island: {
    label: 'Am Werk', uploading: (at, of, folder) => of === 1 ? `Lädt hoch nach „${folder}“` : `Lädt ${String(at)} von ${String(of)} hoch nach „${folder}“`, uploaded: (n) => `${zahl(n, 'Datei', 'Dateien')} hochgeladen.`,
    left: (time) => `noch ${time}`, cancelAll: 'Alles abbrechen', details: 'Einzelheiten', failed: (n) => `${zahl(n, 'Datei ist', 'Dateien sind')} gescheitert.`, tryAgain: 'Noch einmal', replace: 'Ersetzen', dismiss: 'Fertig', ofBytes: (sent, all) => `${sent} von ${all}`, hide: 'Verbergen', progress: 'Fortschritt',
    exists: 'Eine Datei dieses Namens ist schon da.', cancelTask: 'Abbrechen',
  },
  activity: {
    title: 'Aktivität', lead: 'Wer was getan hat. Änderungen der Einstellungen lassen sich zurücknehmen.', empty: 'Noch ist nichts geschehen.', emptyHelp: 'Jede Änderung der Box wird hier stehen, mit dem, der sie gemacht hat.', undo: 'Zurücknehmen', undone: 'Zurückgenommen.', undoTitle: 'Diese Änderung zurücknehmen?',
    undoLead: 'Die Box wird wieder, wie sie davor war, soweit seitdem niemand dasselbe geändert hat. Auch das Zurücknehmen ist eine Änderung und lässt sich zurücknehmen.', today: 'Heute', yesterday: 'Gestern', console: 'Die Konsole', stranger: (address) => `Jemand bei ${address}`, what: 'Was sich ändert', why: (why) => `Grund: ${why}`, removed: 'entfernt',
  },
  settings: {
    title: 'Einstellungen', sections: 'Teile der Einstellungen', box: 'Diese Box', people: 'Menschen', spaces: 'Gemeinsame Räume', account: 'Du und deine Geräte', door: 'Die Tür', network: 'Netz und Zeit',
    boxLead: 'Wie die Box heißt und wie sie spricht.', boxName: 'Name', host: 'Name im Netz', hostHint: (host) => `Die Box antwortet als ${host}.local. Nach einer Änderung müssen Geräte den neuen Namen benutzen.`, language: 'Sprache dessen, was die Box von sich aus schreibt',
    look: 'Wie es hier aussieht', lookLead: 'Nur für diesen Browser.', uiLanguage: 'Sprache', wellKnown: 'Gut zu wissen',
    peopleLead: 'Alle haben eigene Dateien, die sonst niemand sieht.', addPerson: 'Jemanden hinzufügen', role: 'Rolle', owner: 'Besitz', member: 'Mitglied', roleHint: 'Wem die Box gehört, ändert Einstellungen und Menschen. Mitglieder benutzen sie.', displayName: 'Name', signInName: 'Name zum Anmelden', signInNameHint: 'Kleine Buchstaben, Ziffern und -, zuerst ein Buchstabe.', added: (name) => `${name} hat hier einen Platz.`,
    inviteTitle: (name) => `Eine Einladung für ${name}`, inviteLead: 'Gib den Link oder den Code weiter. Damit wird eine eigene Passphrase gewählt; er gilt einmal.', inviteCode: 'Code', inviteLink: 'Link', inviteUntil: (when) => `Gilt bis ${when}.`, inviteAgain: 'Neue Einladung', you: 'du',
    removePerson: (name) => `${name} entfernen?`, removePersonLead: (name) => `${name} kann sich nicht mehr anmelden. Die Dateien werden 30 Tage verwahrt und sind danach endgültig weg. In der Aktivität bleibt der Name stehen.`, removed: (name) => `${name} wurde entfernt.`, removeSelf: 'Du kannst dich nicht selbst entfernen.',
    spacesLead: 'Ein gemeinsamer Raum ist ein Ordner, der bei den Dateien aller Mitglieder erscheint.', spacesEmpty: 'Es gibt noch keinen gemeinsamen Raum.', spacesEmptyHelp: 'Richte einen für die Familie, einen Verein oder ein Vorhaben ein.', addSpace: 'Gemeinsamen Raum anlegen', spaceTaken: 'Unter deinen eigenen Dateien heißt schon etwas so. Nimm einen anderen Namen, oder benenne das zuerst um.', spaceName: 'Name des Ordners', members: 'Mitglieder', membersOf: (name) => `Mitglieder von ${name}`, rights: { none: 'Kein Mitglied', read: 'Darf ansehen', write: 'Darf ändern', share: 'Darf ändern und teilen', manage: 'Darf verwalten' }, made: (name) => `„${name}“ ist da.`, change: 'Ändern', archive: 'Weglegen', archiveTitle: (name) => `„${name}“ weglegen?`, archiveLead: 'Der Raum verschwindet aus den Dateien aller Mitglieder. Die Dateien werden 30 Tage verwahrt und sind danach endgültig weg.',
    accountLead: 'Wo du angemeldet bist, und Passwörter für Programme.', sessions: 'Browser', current: 'dieser hier', lastSeen: (when) => `zuletzt benutzt ${when}`, since: (when) => `seit ${when}`, endSession: 'Abmelden', ended: 'Dort abgemeldet.',
    appPasswords: 'App-Passwörter', appPasswordsLead: 'Telefone, Rechner und Programme melden sich mit einem eigenen Passwort an, damit sich jedes einzeln aussperren lässt.', appPasswordsEmpty: 'Noch hat kein Programm ein Passwort.', addAppPassword: 'Neues App-Passwort', appPasswordName: 'Wofür ist es?', appPasswordNameHint: 'Etwa „Telefon“ oder „Sicherung des Laptops“.', appPasswordTitle: (name) => `Das Passwort für ${name}`, appPasswordOnce: 'Es wird nur dieses eine Mal gezeigt. Gib es jetzt im Programm ein.', appPasswordUser: 'Name', appPasswordSecret: 'App-Passwort', appPasswordAddress: 'Adresse', revoke: 'Sperren', revokeTitle: (name) => `„${name}“ sperren?`, revokeLead: 'Das Programm kann sich nicht mehr anmelden. Das lässt sich nicht zurücknehmen, aber ein neues Passwort lässt sich anlegen.', revoked: 'Gesperrt.',
    passphrase: 'Passphrase', oldPassphrase: 'Bisherige Passphrase', newPassphrase: 'Neue Passphrase', changePassphrase: 'Passphrase ändern', passphraseChanged: 'Die Passphrase ist neu.',
    doorLead: 'Wie die Box erreicht wird.', extraNames: 'Weitere Namen', extraNamesHint: 'Einer pro Zeile. Namen, für die das Zertifikat des Haushalts gilt, enden auf .local, .lan, .internal, .home.arpa oder .localhost.', idleDays: 'Tage ohne Benutzung, nach denen sich ein Browser neu anmelden muss',
  },
  network: {
    title: 'Die Adresse der Box', interfaces: 'In deinem Netz', time: 'Zeit', lead: 'Die meisten überlassen das dem Router. Eine feste Adresse braucht, wer im Router Regeln hat oder ein Netz ohne Router.',
    unmanaged: 'Dieser Rechner kümmert sich selbst um sein Netz. Was hier steht, wird verwahrt, ändert aber nichts an ihm.', noInterfaces: 'Die Box sieht keinen Netzanschluss.', answersAs: (name) => `Die Box antwortet als ${name}.`,
    cable: 'Kabel', wireless: 'Funk', connected: 'verbunden', notConnected: 'nicht verbunden', routerIs: (address) => `Router ${address}`, dnsAre: (addresses) => `Namen von ${addresses}`,
    way: 'Woher die Box ihre Adresse hat', automatic: 'Vom Router', static: 'Eine feste', automaticHint: 'Der Router vergibt eine Adresse, vielleicht eines Tages eine andere. Der Name bleibt.', staticHint: 'Nimm eine, die der Router sonst niemandem gibt.',
    address: 'Adresse', addressHint: 'Hinter dem Schrägstrich steht die Größe deines Netzes; lass stehen, was der Router vergab.', gateway: 'Router', gatewayHint: 'Ohne ihn erreicht die Box nur dein eigenes Netz.', dns: 'Wer Namen kennt', dnsHint: 'Bis zu drei Adressen; meist der Router.', port: 'Anschluss', anyPort: 'Der mit einem Kabel',
    trialHint: 'Die neue Adresse wird drei Minuten lang erprobt. Behält sie in dieser Zeit niemand, kehrt die Box von selbst zurück.', tryIt: 'Diese Adresse erproben',
    trialTitle: 'Die Box hat eine neue Adresse. Behalten?', trialLead: (when) => `Sonst kehrt sie um ${when} zurück.`, keep: 'Behalten', kept: 'Die Adresse bleibt.',
    movedTitle: (address) => `Die Box ist jetzt unter ${address} zu finden.`, movedLead: (name) => `Öffne sie dort oder als ${name}, melde dich an und behalte die Adresse. Ist sie nirgends zu finden, warte drei Minuten: dann ist sie wieder, wo sie war.`, openThere: (address) => `${address} öffnen`,
    wifiLead: 'Ein Kabel ist schneller und braucht keine Passphrase. Wo keines liegt, nimmt die Box ein Funknetz.', wifiNone: 'Kein Funknetz ist in Reichweite.', wifiKnown: 'bekannt', wifiFar: 'nicht in Reichweite', wifiStrength: (percent) => `Stärke ${String(percent)} %`, wifiOpen: 'offen',
    wifiJoin: 'Verbinden', wifiJoinTitle: (ssid) => `Mit ${ssid} verbinden`, wifiForget: 'Vergessen', wifiForgetOf: (ssid) => `${ssid} vergessen`, wifiJoined: (ssid) => `Die Box ist mit ${ssid} verbunden.`, wifiForgotten: (ssid) => `${ssid} ist vergessen.`,
    wifiPassphrase: 'Passphrase des Netzes', wifiPassphraseHint: 'Oft steht sie auf dem Router.', wifiPassphraseKnown: 'Die Box kennt sie schon; lass das leer.', wifiOpenLead: 'Dieses Netz ist offen: wer in der Nähe ist, kann mithören, was nicht verschlüsselt ist.',
    timeLead: 'Für die Zeiten, die die Box schreibt, und für das, was sie nachts tut.', zone: 'Zeitzone', zoneHint: 'Etwa Europe/Berlin oder America/New_York.', ntp: 'Die Zeit im Netz erfragen', ntpOn: 'Ja', ntpOff: 'Nein', ntpOnHint: 'Nötig für Boxen ohne Uhrenbatterie, gut für alle.', ntpOffHint: 'Dann fragt die Box niemanden. Ihre Uhr kann im Jahr um Minuten abweichen, und ohne Batterie steht sie still, solange der Strom weg ist.',
    servers: 'Wer gefragt wird', serversHint: 'Leer: wen der Router nennt, sonst die Server von Debian.',
  },
  repairs: {
    title: 'Reparaturen', wellTitle: 'Nichts zu reparieren.', well: 'Alles ist gut.', wellHelp: 'Wenn etwas nicht ist, wie es sein soll, steht es hier mit dem, was es bedeutet und was zu tun ist.', lead: (n) => `${zahl(n, 'Sache', 'Sachen')} anzusehen.`, means: 'Was es bedeutet', todo: 'Was zu tun ist', since: (when) => `Seit ${when}`, lines: 'Letzte Zeilen', severity: { notice: 'gut zu wissen', degraded: 'geht schlechter', critical: 'braucht dich' }, because: (title) => `Kommt von: ${title}`,
  },
  palette: { title: 'Alles finden', placeholder: 'Seiten, Menschen, Dateien, Einstellungen, Befehle', none: 'So heißt nichts.', results: 'Ergebnisse', groups: { page: 'Seite', setting: 'Einstellung', person: 'Mensch', file: 'Datei', action: 'Befehl' } },
}
