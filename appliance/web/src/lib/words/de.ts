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
  reach: { lost: 'Die Box antwortet nicht. Es wird von selbst weiter versucht; nichts Gespeichertes ist verloren.' },
  problems: {
    failed: 'Das hat nicht geklappt.',
    unreachable: 'Die Box hat nicht geantwortet. Ist dieses Gerät noch zu Hause und die Box eingeschaltet?',
    byCode: {},
  },
  place: {
    title: 'Wo soll Croft wohnen?', lead: 'Die Box läuft von dem Stick, den du eingesteckt hast. Sie kann dort bleiben oder auf eine Platte in diesem Gerät ziehen; die ist schneller und hält länger.',
    choose: 'Platten dieses Geräts', stay: (name) => `Auf diesem Stick bleiben (${name})`, stayHint: 'Alles, was die Box bewahrt, liegt auf dem Stick. Er muss eingesteckt bleiben.',
    disk: (name, size) => `${name}, ${size}`, serial: (serial) => `Seriennummer ${serial}`, empty: 'Leer', unreadable: 'Etwas, das hier niemand lesen kann', half: 'Halb installiert: kann wieder gewählt werden',
    nothingIn: 'Eine Partitionstabelle, in der nichts liegt', used: (used) => `Eine Croft-Box mit ${used} an Dateien und Einstellungen`,
    buses: { usb: 'USB', nvme: 'NVMe', sata: 'SATA', card: 'Speicherkarte', virtual: 'virtuelle Platte', other: 'Platte' },
    kinds: { boot: 'Start eines Computers', system: 'Croft selbst', croft: 'eine Croft-Box', files: 'Dateien', locked: 'verschlossene Dateien', member: 'Teil eines größeren Speichers', swap: 'ausgelagerter Arbeitsspeicher', unknown: 'unbekannt' },
    unfit: { runs_from: 'Die Box läuft von dieser Platte.', too_small: 'Zu klein für Croft.', read_only: 'Sie kann nicht beschrieben werden.', in_use: 'Etwas auf diesem Gerät benutzt sie.', unreadable: 'Sie konnte nicht gelesen werden.', twin: 'Zwei Platten hier geben sich für diese aus. Zieh eine davon ab und lade die Seite neu.' },
    next: 'Weiter', install: 'Hier installieren', sureTitle: 'Das alles geht verloren.', sureLead: (disk) => `Croft nimmt die ganze Platte ${disk}. Was jetzt darauf ist, bringt niemand zurück:`,
    label: (label) => `Gib den Namen der Platte ein: ${label}`, erase: 'Löschen und installieren', back: 'Eine andere wählen',
    workTitle: 'Croft zieht ein.', workLead: (disk) => `${disk} wird das Zuhause dieser Box. Lass den Stick stecken und das Gerät an; es dauert ein paar Minuten.`,
    copying: (done, total) => `Kopiert: ${done} von ${total}`, checking: (done, total) => `Zurückgelesen und verglichen: ${done} von ${total}`, begins: 'Es geht los …', stop: 'Abbrechen', again: 'Noch einmal wählen',
    cancelled: 'Abgebrochen. Die Platte ist halb installiert: von ihr startet nichts, und sie kann wieder gewählt werden.', failed: 'Die Platte ist halb installiert: von ihr startet nichts, und sie kann wieder gewählt werden.',
    doneTitle: 'Croft hat ein Zuhause.', doneLead: 'Was kopiert wurde, wurde zurückgelesen und ist vollständig.', steps: 'Was jetzt zu tun ist',
    stepOff: 'Schalte die Box hier aus.', stepPull: 'Zieh den Stick ab, wenn die Lichter aus sind.', stepOn: 'Schalte sie ein. Sie startet von ihrer eigenen Platte.', stepCode: 'Sie ist eine neue Box mit einem neuen Zertifikat: öffne zuerst ihre Seite auf Port 80 und übernimm sie dann mit dem neuen Kopplungscode auf ihrem Bildschirm.',
    off: 'Ausschalten', restart: 'Stattdessen neu starten', restartHint: 'Zieh den Stick ab, sobald der Bildschirm dunkel wird.', wentOff: 'Die Box geht aus. Zieh den Stick ab, schalte sie ein und lade diese Seite neu.', wentAgain: 'Die Box startet neu. Zieh jetzt den Stick ab und lade diese Seite in einer Minute neu.',
  },
  claim: {
    title: 'Willkommen zu Hause.', lead: 'Diese Box gehört noch niemandem. In ein paar Minuten ist sie deine, und dafür verlässt nichts das Haus.',
    step: (at, of) => `Schritt ${String(at)} von ${String(of)}`,
    codeTitle: 'Welche Box ist es?', codeLead: 'Gib den Kopplungscode ein. Er steht auf dem Bildschirm der Box und in der Datei „pairing-code“ in ihrem Ordner; so kann sie nur übernehmen, wer sie sehen kann.',
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
    title: 'Einstellungen', sections: 'Teile der Einstellungen', box: 'Diese Box', people: 'Menschen', spaces: 'Gemeinsame Räume', account: 'Du und deine Geräte', door: 'Die Tür',
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
  repairs: {
    title: 'Reparaturen', wellTitle: 'Nichts zu reparieren.', well: 'Alles ist gut.', wellHelp: 'Wenn etwas nicht ist, wie es sein soll, steht es hier mit dem, was es bedeutet und was zu tun ist.', lead: (n) => `${zahl(n, 'Sache', 'Sachen')} anzusehen.`, means: 'Was es bedeutet', todo: 'Was zu tun ist', since: (when) => `Seit ${when}`, lines: 'Letzte Zeilen', severity: { notice: 'gut zu wissen', degraded: 'geht schlechter', critical: 'braucht dich' }, because: (title) => `Kommt von: ${title}`,
  },
  palette: { title: 'Alles finden', placeholder: 'Seiten, Menschen, Dateien, Einstellungen, Befehle', none: 'So heißt nichts.', results: 'Ergebnisse', groups: { page: 'Seite', setting: 'Einstellung', person: 'Mensch', file: 'Datei', action: 'Befehl' } },
}
