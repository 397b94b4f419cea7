import { useStore } from '@/lib/store'
import { language, type Language } from '@/lib/words'

/** The words of the page about network drives. They are fetched with it, since few open it. */
const en = {
  title: 'Network drives', lead: 'Windows, macOS and Linux show the box’s spaces as drives (SMB). That is for your own network, and off until you want it.',
  serve: 'Serve network drives', on: 'Yes', off: 'No', serveOnHint: 'Each device signs in with a password of its own, made below. Connections are encrypted.', serveOffHint: 'Nothing answers.', space: (name: string) => `“${name}” as a drive`,
  timeMachine: (name: string) => `Time Machine for ${name}, in GiB`, timeMachineHint: 'The most that the backups of their Macs take; 16 or more. Left empty, there are none.',
  unable: (why: string) => `The drives cannot be served: ${why}.`,
  drives: 'Your drives', drivesEmpty: 'No drive is served.', deleted: 'What is deleted on a drive is not in the trash: it comes back from earlier times of the space (“Previous versions” in Windows, where nobody in the space only reads). When a great part of a space goes at once, the space waits in Files until whoever manages it says that this is right.',
  windows: (name: string) => `${name} in Windows`, others: (name: string) => `${name} in macOS and Linux`,
  devices: 'Devices with a password', devicesLead: 'A device sees what its person may see. Its password opens network drives and nothing else; it is never your passphrase.', devicesEmpty: 'No device has a password yet.',
  addDevice: 'New device', deviceName: 'What is it called?', deviceNameHint: 'Small letters, digits and -, like “laptop”.', deviceTitle: (name: string) => `The password for ${name}`, deviceOnce: 'It is shown this once only. Enter both in the device when it connects.', user: 'Name', password: 'Password',
  removeTitle: (name: string) => `Remove “${name}”?`, removeLead: 'Its connections are closed at once. This cannot be undone, but the device can be made anew.', removed: 'Removed.',
}

const de: typeof en = {
  title: 'Netzlaufwerke', lead: 'Windows, macOS und Linux zeigen die Räume der Box als Laufwerke (SMB). Das ist für dein eigenes Netz, und aus, bis du es willst.',
  serve: 'Netzlaufwerke anbieten', on: 'Ja', off: 'Nein', serveOnHint: 'Jedes Gerät meldet sich mit einem eigenen Passwort an, das du unten anlegst. Verbindungen sind verschlüsselt.', serveOffHint: 'Nichts antwortet.', space: (name: string) => `„${name}“ als Laufwerk`,
  timeMachine: (name: string) => `Time Machine für ${name}, in GiB`, timeMachineHint: 'So viel nehmen die Sicherungen der Macs höchstens ein; mindestens 16. Leer: keine.',
  unable: (why: string) => `Die Laufwerke können nicht angeboten werden: ${why}.`,
  drives: 'Deine Laufwerke', drivesEmpty: 'Kein Laufwerk wird angeboten.', deleted: 'Was auf einem Laufwerk gelöscht wird, liegt nicht im Papierkorb: Es kommt aus früheren Zeiten des Raums zurück („Vorgängerversionen“ in Windows, wo niemand im Raum nur liest). Verschwindet ein großer Teil eines Raums auf einmal, wartet der Raum in Dateien, bis jemand, der ihn verwaltet, sagt, dass das richtig ist.',
  windows: (name: string) => `${name} in Windows`, others: (name: string) => `${name} in macOS und Linux`,
  devices: 'Geräte mit Passwort', devicesLead: 'Ein Gerät sieht, was sein Mensch sehen darf. Sein Passwort öffnet Netzlaufwerke und sonst nichts; es ist nie deine Passphrase.', devicesEmpty: 'Noch hat kein Gerät ein Passwort.',
  addDevice: 'Neues Gerät', deviceName: 'Wie heißt es?', deviceNameHint: 'Kleine Buchstaben, Ziffern und -, etwa „laptop“.', deviceTitle: (name: string) => `Das Passwort für ${name}`, deviceOnce: 'Es wird nur dieses eine Mal gezeigt. Gib beides am Gerät ein, wenn es sich verbindet.', user: 'Name', password: 'Passwort',
  removeTitle: (name: string) => `„${name}“ entfernen?`, removeLead: 'Seine Verbindungen werden sofort getrennt. Das lässt sich nicht zurücknehmen, aber das Gerät lässt sich neu anlegen.', removed: 'Entfernt.',
}

/** Both languages, of one shape. */
export const sharesCatalogues: Record<Language, typeof en> = { en, de }

/** The words of the page, in the language of this browser. */
export const useSharesWords = (): typeof en => sharesCatalogues[useStore(language)]
