/** Words about earlier times, in both languages. They stand apart because the first page needs none of them. */
import { useStore } from '@/lib/store'
import { language, type Language } from '@/lib/words'

/** What is said before something comes back. */
interface Counted { returned: number; folders: number; changed: number; moved: number; replaced: number; newer: number; most_discarded: number }

const count = (n: number, one: string, many: string): string => `${String(n)} ${n === 1 ? one : many}`

const en = {
  title: 'Earlier times', head: (name: string) => `${name}, as it was`, lead: (when: string) => `On ${when}. Nothing here can be changed; what you need comes back.`, line: 'Times that the box keeps', before: 'Before', after: 'After', toNow: 'As it is now',
  none: 'The box keeps no earlier time yet.', noneHelp: 'When it does, you can look here at what your files were like, and bring back what you miss. Single files have earlier versions all the same.',
  notThen: 'This folder was not there at that time.', notThenHelp: 'Choose a later time.', empty: 'Nothing was in it at that time.', things: 'What was there', more: (n: number) => `Show more (${String(n)})`, differs: { gone: 'not there now', changed: 'is different now' },
  downloadNamed: (name: string) => `Download as it was: ${name}`, back: 'Bring back', backNamed: (name: string) => `Bring back: ${name}`, backFolder: 'Bring back this folder', backSpace: 'Bring back everything',
  backTitle: (kind: 'file' | 'folder' | 'space', name: string) => kind === 'space' ? `Bring back all of “${name}”?` : `Bring back “${name}”?`, backLead: (when: string) => `It becomes what it was on ${when}. Nothing is lost: what is replaced stays as an earlier version or in the trash.`,
  comparing: (looked: number) => looked === 0 ? 'Comparing …' : `Comparing … ${count(looked, 'thing', 'things')} so far`, working: 'It is coming back …', stopHelp: 'You may stop at any time; what is back stays back, and you can go on later.', stop: 'Stop', discard: 'Move what was made since to the trash', discardMost: (most: number) => `At most ${String(most)} in one go; the rest stays for now.`, partly: (name: string) => `“${name}” is back, but not all of it.`, done: (name: string) => `“${name}” is as it was.`,
  would: (n: Counted, discard: boolean) => {
    const parts = [
      n.returned > 0 ? `${count(n.returned, 'file comes', 'files come')} back` : '', n.folders > 0 ? `${count(n.folders, 'folder comes', 'folders come')} back` : '', n.changed > 0 ? count(n.changed, 'changes', 'change') : '', n.moved > 0 ? `${count(n.moved, 'moves', 'move')} back to ${n.moved === 1 ? 'its' : 'their'} old place` : '',
      n.replaced > 0 ? `${count(n.replaced, 'gives', 'give')} way and ${n.replaced === 1 ? 'goes' : 'go'} to the trash` : '', n.newer > 0 ? (discard ? `${count(Math.min(n.newer, n.most_discarded), 'newer one goes', 'newer ones go')} to the trash` : `${count(n.newer, 'newer one stays', 'newer ones stay')}`) : '',
    ].filter(Boolean)
    return n.returned + n.folders + n.changed + n.moved + n.replaced === 0 && !(discard && n.newer > 0) ? `It is as it was.${n.newer > 0 ? ` ${parts.join(', ')}.` : ''}` : `${parts.join(', ')}.`
  },
  left: (n: number, one: string) => `${count(n, 'thing is', 'things are')} left as ${n === 1 ? 'it is' : 'they are'}, because somebody works on ${n === 1 ? 'it' : 'them'}, or the box may not touch ${n === 1 ? 'it' : 'them'}, or cannot read or keep ${n === 1 ? 'it' : 'them'}: ${one}`, notKept: 'This box keeps no snapshots, so the state before was not kept as a whole.',
  unkept: 'So the state of now could not be kept as a whole. Nothing was changed yet. Single files still keep their versions, and what gives way goes to the trash. Go on?', backUnkept: 'Bring back all the same',
  gone: (when: string) => `The box no longer keeps ${when}.`, goneHelp: 'Older times are kept more rarely. Choose another one.', toLatest: (when: string) => `To ${when}`, readOnly: 'You may look at this space as it is now, but not at what it was.', readOnlyHelp: 'What was deleted is there for those who may change things. Ask somebody who manages the space.',
  stateOf: (when: string) => `as on ${when}`,
}

export type TimesWords = typeof en

const de: TimesWords = {
  title: 'Frühere Zeiten', head: (name) => `${name}, wie es war`, lead: (when) => `Am ${when}. Hier lässt sich nichts ändern; was du brauchst, kommt zurück.`, line: 'Zeiten, die die Box aufhebt', before: 'Davor', after: 'Danach', toNow: 'Wie es jetzt ist',
  none: 'Die Box hebt noch keine frühere Zeit auf.', noneHelp: 'Sobald sie es tut, siehst du hier, wie deine Dateien waren, und holst zurück, was dir fehlt. Frühere Versionen einzelner Dateien gibt es auch so.',
  notThen: 'Diesen Ordner gab es damals nicht.', notThenHelp: 'Wähle eine spätere Zeit.', empty: 'Damals lag nichts darin.', things: 'Was da war', more: (n) => `Mehr zeigen (${String(n)})`, differs: { gone: 'jetzt nicht da', changed: 'ist jetzt anders' },
  downloadNamed: (name) => `Herunterladen, wie es war: ${name}`, back: 'Zurückholen', backNamed: (name) => `Zurückholen: ${name}`, backFolder: 'Diesen Ordner zurückholen', backSpace: 'Alles zurückholen',
  backTitle: (kind, name) => kind === 'space' ? `Alles in „${name}“ zurückholen?` : `„${name}“ zurückholen?`, backLead: (when) => `Es wird, wie es am ${when} war. Nichts geht verloren: Was ersetzt wird, bleibt als frühere Version oder im Papierkorb.`,
  comparing: (looked) => looked === 0 ? 'Vergleicht …' : `Vergleicht … bisher ${count(looked, 'Ding', 'Dinge')}`, working: 'Es kommt zurück …', stopHelp: 'Du kannst jederzeit anhalten; was zurück ist, bleibt, und du kannst später weitermachen.', stop: 'Anhalten', discard: 'Was seitdem dazukam, in den Papierkorb legen', discardMost: (most) => `Höchstens ${String(most)} auf einmal; der Rest bleibt vorerst.`, partly: (name) => `„${name}“ ist zurück, aber nicht alles davon.`, done: (name) => `„${name}“ ist, wie es war.`,
  would: (n, discard) => {
    const parts = [
      n.returned > 0 ? `${count(n.returned, 'Datei kommt', 'Dateien kommen')} zurück` : '', n.folders > 0 ? `${count(n.folders, 'Ordner kommt', 'Ordner kommen')} zurück` : '', n.changed > 0 ? `${count(n.changed, 'ändert', 'ändern')} sich` : '', n.moved > 0 ? `${count(n.moved, 'geht', 'gehen')} an ${n.moved === 1 ? 'seinen' : 'ihren'} alten Platz zurück` : '',
      n.replaced > 0 ? `${count(n.replaced, 'macht', 'machen')} Platz und ${n.replaced === 1 ? 'geht' : 'gehen'} in den Papierkorb` : '', n.newer > 0 ? (discard ? `${count(Math.min(n.newer, n.most_discarded), 'neueres geht', 'neuere gehen')} in den Papierkorb` : `${count(n.newer, 'neueres bleibt', 'neuere bleiben')}`) : '',
    ].filter(Boolean)
    return n.returned + n.folders + n.changed + n.moved + n.replaced === 0 && !(discard && n.newer > 0) ? `Es ist, wie es war.${n.newer > 0 ? ` ${parts.join(', ')}.` : ''}` : `${parts.join(', ')}.`
  },
  left: (n, one) => `${count(n, 'Ding bleibt', 'Dinge bleiben')}, wie ${n === 1 ? 'es ist' : 'sie sind'}, weil jemand daran arbeitet, die Box es nicht anrühren darf oder es nicht lesen oder aufheben kann: ${one}`, notKept: 'Diese Box macht keine Schnappschüsse; der Zustand davor wurde nicht als Ganzes aufgehoben.',
  unkept: 'Der Zustand von jetzt ließ sich also nicht als Ganzes aufheben. Geändert ist noch nichts. Einzelne Dateien behalten ihre Versionen, und was Platz macht, kommt in den Papierkorb. Weitermachen?', backUnkept: 'Trotzdem zurückholen',
  gone: (when) => `Die Box hebt ${when} nicht mehr auf.`, goneHelp: 'Ältere Zeiten werden seltener aufgehoben. Wähle eine andere.', toLatest: (when) => `Zu ${when}`, readOnly: 'Du darfst diesen Raum sehen, wie er jetzt ist, aber nicht, wie er war.', readOnlyHelp: 'Was gelöscht wurde, ist für die da, die etwas ändern dürfen. Frag jemanden, der den Raum verwaltet.',
  stateOf: (when) => `wie am ${when}`,
}

export const timesCatalogues: Record<Language, TimesWords> = { en, de }

/** The words in the language of this browser. */
export const useTimesWords = (): TimesWords => timesCatalogues[useStore(language)]
