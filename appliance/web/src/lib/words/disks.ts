/** Words about disks that are used as they are, in both languages. They stand apart because the first page needs none of them. */
import { useStore } from '@/lib/store'
import { language, type Language } from '@/lib/words'

const count = (n: number, one: string, many: string): string => `${String(n)} ${n === 1 ? one : many}`

/** Why a disk cannot be used as it is. */
const unadoptable = {
  not_known: 'This box does not know its kind of file system.', locked: 'It is closed without its key.', spanned: 'It is a part of an array that this box cannot read.', incomplete: 'Too many disks that belong to it are missing.',
  damaged: 'It is damaged, or cannot be read without changing it.', nameless: 'It carries nothing by which it could be known again.', in_use: 'Something on this machine uses it.', own_pool: 'It belongs to the pool of this box.', slow: 'It did not answer in time.',
}

const unlesbar: typeof unadoptable = {
  not_known: 'Diese Box kennt die Art ihres Dateisystems nicht.', locked: 'Sie ist ohne ihren Schlüssel verschlossen.', spanned: 'Sie gehört zu einem Verbund, den diese Box nicht lesen kann.', incomplete: 'Zu viele Platten, die zu ihr gehören, fehlen.',
  damaged: 'Sie ist beschädigt oder lässt sich nicht lesen, ohne sie zu ändern.', nameless: 'Sie trägt nichts, woran sie wiederzuerkennen wäre.', in_use: 'Etwas auf diesem Gerät benutzt sie.', own_pool: 'Sie gehört zum Pool dieser Box.', slow: 'Sie hat nicht rechtzeitig geantwortet.',
}

const en = {
  adopt: 'Use it as it is', release: 'Use it no longer',
  title: 'Disks', lead: 'Disks that are used as they are. Nothing is written to them.', none: 'No disk is used as it is.', noneHelp: 'An owner chooses one on the page of the storage.', open: 'Open', things: 'What is there', nothing: 'Nothing is in it.',
  missing: 'This file or folder is not on the disk.', copy: 'Copy …', copyNamed: (name: string) => `Copy: ${name}`, copyAll: 'Copy all of it …', copyTitle: (n: number, name: string) => n === 1 ? `Copy “${name}” to your files` : `Copy ${count(n, 'thing', 'things')} to your files`,
  usedAs: (name: string) => `Used as it is, as “${name}”:`, adoptTitle: (disk: string) => `Use ${disk} as it is?`, adoptLead: 'You find what is on it in Files, and copy from it what you need. Nothing is written to the disk; it may be pulled out at any time.',
  readable: 'What can be read', left: 'What is left alone', who: 'Who may see it', adopted: (disk: string) => `${disk} is in Files, under Disks.`, releaseTitle: (name: string) => `Use “${name}” no longer?`, releaseLead: 'It disappears from Files. Nothing on the disk has changed, and what was copied stays.',
  released: (name: string) => `${name} is used no longer.`, away: 'Disks that are not plugged in',
  state: { read: 'it can be read.', unfinished: 'it can be read. It was not switched off in order, so what was written last may be missing or damaged.', away: 'it is not plugged in.', unread: (why: string) => `it cannot be read. ${why}` },
  copiedBut: (whole: number, left: number) => `${count(whole, 'thing was', 'things were')} copied whole. ${left === 1 ? 'This one was' : 'These were'} not:`,
  why: unadoptable,
}

export type DiskWords = typeof en

const de: DiskWords = {
  adopt: 'So benutzen, wie sie ist', release: 'Nicht mehr benutzen',
  title: 'Platten', lead: 'Platten, die so benutzt werden, wie sie sind. Auf sie wird nichts geschrieben.', none: 'Keine Platte wird so benutzt, wie sie ist.', noneHelp: 'Ein Besitzer wählt eine auf der Seite des Speichers.', open: 'Öffnen', things: 'Was da ist', nothing: 'Es ist nichts darin.',
  missing: 'Diese Datei oder dieser Ordner ist nicht auf der Platte.', copy: 'Kopieren …', copyNamed: (name) => `Kopieren: ${name}`, copyAll: 'Alles kopieren …', copyTitle: (n, name) => n === 1 ? `„${name}“ zu deinen Dateien kopieren` : `${count(n, 'Ding', 'Dinge')} zu deinen Dateien kopieren`,
  usedAs: (name) => `Wird benutzt, wie sie ist, als „${name}“:`, adoptTitle: (disk) => `${disk} benutzen, wie sie ist?`, adoptLead: 'Du findest bei den Dateien, was auf ihr ist, und kopierst davon, was du brauchst. Auf die Platte wird nichts geschrieben; du darfst sie jederzeit ziehen.',
  readable: 'Was gelesen werden kann', left: 'Was in Ruhe gelassen wird', who: 'Wer es sehen darf', adopted: (disk) => `${disk} ist bei den Dateien, unter Platten.`, releaseTitle: (name) => `„${name}“ nicht mehr benutzen?`, releaseLead: 'Sie verschwindet aus den Dateien. Auf der Platte hat sich nichts geändert, und was kopiert wurde, bleibt.',
  released: (name) => `${name} wird nicht mehr benutzt.`, away: 'Platten, die nicht eingesteckt sind',
  state: { read: 'Sie kann gelesen werden.', unfinished: 'Sie kann gelesen werden. Sie wurde nicht ordentlich abgeschaltet, deshalb kann das zuletzt Geschriebene fehlen oder beschädigt sein.', away: 'Sie ist nicht eingesteckt.', unread: (why) => `Sie kann nicht gelesen werden. ${why}` },
  copiedBut: (whole, left) => `${count(whole, 'Ding wurde', 'Dinge wurden')} ganz kopiert. ${left === 1 ? 'Dieses' : 'Diese'} nicht:`,
  why: unlesbar,
}

export const diskCatalogues: Record<Language, DiskWords> = { en, de }

/** The words in the language of this browser. */
export const useDiskWords = (): DiskWords => diskCatalogues[useStore(language)]
