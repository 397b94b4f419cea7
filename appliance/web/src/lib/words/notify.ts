import { useStore } from '@/lib/store'
import { language, type Language } from '@/lib/words'

/** The words of the page about notifications. They are fetched with it, since few open it. */
const en = {
  lead: 'When something is not well, the box tells you by itself: what is serious at once, the rest once a day at nine. When all is well, it is silent.',
  mail: 'Mail', mailLead: 'The box signs in at your mail provider and writes to you. The connection is always encrypted.',
  server: 'Mail server', serverHint: 'Like mail.example.org; your provider names it for programs that send mail (SMTP).', port: 'Port', portHint: 'Left empty: 465 for TLS, 587 for STARTTLS.', security: 'Encryption', tls: 'TLS from the start', starttls: 'STARTTLS',
  user: 'Name to sign in with', userHint: 'Often the whole mail address. Left empty, nobody signs in.', from: 'From', to: 'To', toHint: 'One to eight mail addresses, with blanks between them.', removeMail: 'Write no mail any more', saveMail: 'Save',
  password: 'Password', passwordSet: 'It is set. It is never shown; a new one replaces it.', passwordNotSet: 'It is not set, so no mail is sent.', setPassword: 'Set the password', passwordKept: 'The password is set.', passwordHint: 'Many providers give out passwords for programs; take one of those.',
  webhooks: 'Webhooks', webhooksLead: 'Programs that are told: a phone service, home automation. Each gets a key by which it knows that a message is from the box (Standard Webhooks).', webhooksEmpty: 'No program is told.',
  addWebhook: 'New webhook', name: 'What is it called?', nameHint: 'Small letters, digits and -, like “phone”.', nameTaken: 'There is one of this name already. Remove it first, or take another name.', url: 'Address', urlHint: 'https://…, or http://… of a machine at home.', newKey: 'New key', keyTitle: (name: string) => `The key of ${name}`, keyOnce: 'It is shown this once only. Enter it in the program that gets the messages.', key: 'Key', keyMissing: 'It has no key yet, so nothing is sent.',
  newKeyTitle: (name: string) => `Make a new key for “${name}”?`, newKeyLead: 'The key that it has now is void at once.', removeTitle: (name: string) => `Tell “${name}” no longer?`, removeLead: 'Its key is forgotten.', removed: 'Removed.',
  how: 'How it goes', howEmpty: 'Nobody is told yet.', lastTold: (when: string) => `last told ${when}`, neverTold: 'never told yet', sent: (count: string) => `${count} sent`, waiting: (count: number) => `${String(count)} waiting`, dropped: (count: number) => `${String(count)} given up`, failing: (why: string, when: string) => `${why} (${when})`,
  today: (count: number, most: number) => `${String(count)} of at most ${String(most)} messages within 24 hours.`, test: 'Send a test', told: 'taken', failed: 'not taken',
}

const de: typeof en = {
  lead: 'Wenn etwas nicht gut ist, sagt die Box es von selbst: Ernstes sofort, das Übrige einmal am Tag um neun. Wenn alles gut ist, schweigt sie.',
  mail: 'E-Mail', mailLead: 'Die Box meldet sich bei deinem Mail-Anbieter an und schreibt dir. Die Verbindung ist immer verschlüsselt.',
  server: 'Mail-Server', serverHint: 'Etwa mail.example.org; dein Anbieter nennt ihn für Programme, die Mails senden (SMTP).', port: 'Port', portHint: 'Leer: 465 für TLS, 587 für STARTTLS.', security: 'Verschlüsselung', tls: 'TLS von Anfang an', starttls: 'STARTTLS',
  user: 'Name zum Anmelden', userHint: 'Oft die ganze Mail-Adresse. Leer: Niemand meldet sich an.', from: 'Von', to: 'An', toHint: 'Ein bis acht Mail-Adressen, mit Leerzeichen dazwischen.', removeMail: 'Keine Mails mehr schreiben', saveMail: 'Speichern',
  password: 'Passwort', passwordSet: 'Es ist gesetzt. Es wird nie gezeigt; ein neues ersetzt es.', passwordNotSet: 'Es ist nicht gesetzt, darum wird keine Mail gesendet.', setPassword: 'Passwort setzen', passwordKept: 'Das Passwort ist gesetzt.', passwordHint: 'Viele Anbieter geben Passwörter für Programme aus; nimm so eines.',
  webhooks: 'Webhooks', webhooksLead: 'Programme, denen die Box es sagt: ein Dienst für das Telefon, eine Haussteuerung. Jedes bekommt einen Schlüssel, an dem es eine Nachricht der Box erkennt (Standard Webhooks).', webhooksEmpty: 'Keinem Programm wird etwas gesagt.',
  addWebhook: 'Neuer Webhook', name: 'Wie heißt er?', nameHint: 'Kleine Buchstaben, Ziffern und -, etwa „telefon“.', nameTaken: 'Einen dieses Namens gibt es schon. Entferne ihn zuerst, oder nimm einen anderen Namen.', url: 'Adresse', urlHint: 'https://…, oder http://… einer Maschine im Haus.', newKey: 'Neuer Schlüssel', keyTitle: (name) => `Der Schlüssel von ${name}`, keyOnce: 'Er wird nur dieses eine Mal gezeigt. Gib ihn in dem Programm ein, das die Nachrichten bekommt.', key: 'Schlüssel', keyMissing: 'Er hat noch keinen Schlüssel, darum wird nichts gesendet.',
  newKeyTitle: (name) => `Neuen Schlüssel für „${name}“ machen?`, newKeyLead: 'Der jetzige gilt sofort nicht mehr.', removeTitle: (name) => `„${name}“ nichts mehr sagen?`, removeLead: 'Sein Schlüssel wird vergessen.', removed: 'Entfernt.',
  how: 'Wie es geht', howEmpty: 'Noch wird niemandem etwas gesagt.', lastTold: (when) => `zuletzt ${when}`, neverTold: 'noch nie', sent: (count) => `${count} gesendet`, waiting: (count) => `${String(count)} warten`, dropped: (count) => `${String(count)} aufgegeben`, failing: (why, when) => `${why} (${when})`,
  today: (count, most) => `${String(count)} von höchstens ${String(most)} Nachrichten in 24 Stunden.`, test: 'Test senden', told: 'angenommen', failed: 'nicht angenommen',
}

/** Both languages, of one shape. */
export const notifyCatalogues: Record<Language, typeof en> = { en, de }

/** The words of the page, in the language of this browser. */
export const useNotifyWords = (): typeof en => notifyCatalogues[useStore(language)]
