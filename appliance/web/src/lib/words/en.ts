/** All words of the interface in English. Sentences with holes are functions. `de.ts` has the same shape. */

const count = (n: number, one: string, many: string): string => `${String(n)} ${n === 1 ? one : many}`
const spelled = ['No', 'One', 'Two', 'Three', 'Four', 'Five', 'Six', 'Seven', 'Eight', 'Nine', 'Ten', 'Eleven', 'Twelve']
const many = (n: number): string => spelled[n] ?? String(n)

export const en = {
  common: {
    cancel: 'Cancel', close: 'Close', copy: 'Copy', copied: 'Copied.', save: 'Save', saved: 'Saved.', retry: 'Try again',
    remove: 'Remove', loading: 'One moment …', show: 'Show', hide: 'Hide', ownerOnly: 'Only an owner of this box may do that.', ownerSees: 'Only an owner of this box sees and changes this.',
    changedElsewhere: 'This was changed elsewhere in the meantime. Look again: here is how it is now.', more: 'Show more',
    skip: 'Skip to the content', typeName: (name: string) => `Type “${name}” to go on.`, code: (code: string) => `Code: ${code}`,
    notFound: 'There is nothing at this address.', notFoundHelp: 'It may have been moved. Home is still where it was.', goHome: 'Go home',
  },
  nav: { label: 'Main', home: 'Home', files: 'Files', photos: 'Photos', trash: 'Trash', activity: 'Activity', settings: 'Settings', repairs: 'Repairs', find: 'Find anything', signOut: 'Sign out' },
  theme: { label: 'Theme', system: 'As this device', light: 'Light', dark: 'Dark', toggle: 'Change between light and dark' },
  reach: {
    lost: 'The box does not answer. Trying again by itself; nothing that was saved is lost.', back: 'The box is back.',
    leaving: { restart: 'The box restarts. It is back in a few minutes, and this page notices by itself.', 'shut-down': 'The box shuts down. Wait until its light is off before you pull the plug; its power button starts it again.' },
  },
  power: {
    title: 'Power', lead: 'Everything on the box ends in order, so nothing that was saved is lost.', restart: 'Restart', shutDown: 'Shut down',
    restartTitle: 'Restart the box?', restartLead: 'Uploads and downloads that are under way end. The box is back in one to three minutes, and nobody has to sign in again.',
    shutDownTitle: 'Shut the box down?', shutDownLead: 'Uploads and downloads that are under way end. Nobody can reach the box until somebody presses its power button. It is off in about a minute; pull the plug only when its light is off.',
  },
  problems: {
    failed: 'That did not work.',
    unreachable: 'The box did not answer. Is this device still at home, and is the box switched on?',
    byCode: {} as Record<string, string>,
  },
  place: {
    title: 'Where shall Croft live?', lead: 'The box runs from the stick that you put in. It can stay there, or move to a disk inside this machine, which is faster and lasts longer.',
    choose: 'Disks of this machine', stay: (name: string) => `Stay on this stick (${name})`, stayHint: 'Everything that the box keeps lies on the stick. It has to stay plugged in.',
    disk: (name: string, size: string) => `${name}, ${size}`, serial: (serial: string) => `serial number ${serial}`, empty: 'Empty', unreadable: 'Something that cannot be read here', half: 'Half installed: it can be chosen again',
    nothingIn: 'A partition table, with nothing in it', used: (used: string) => `A Croft box with ${used} of people’s files and settings`,
    buses: { usb: 'USB', nvme: 'NVMe', sata: 'SATA', card: 'memory card', virtual: 'virtual disk', other: 'disk' },
    kinds: { boot: 'start of a computer', system: 'Croft itself', croft: 'a Croft box', files: 'files', locked: 'locked files', member: 'part of a larger storage', swap: 'swapped memory', unknown: 'unknown' },
    unfit: { runs_from: 'The box runs from this disk.', too_small: 'Too small for Croft.', read_only: 'It cannot be written.', in_use: 'Something on this machine uses it.', unreadable: 'It could not be read.', twin: 'Two disks here say that they are this one. Pull one of them out and load this page again.' },
    next: 'Continue', install: 'Install here', sureTitle: 'All of this will be lost.', sureLead: (disk: string) => `Croft takes the whole disk ${disk}. What is on it now cannot be brought back:`,
    label: (label: string) => `Type the label of the disk: ${label}`, erase: 'Erase and install', back: 'Choose another',
    workTitle: 'Croft moves in.', workLead: (disk: string) => `${disk} becomes the home of this box. Leave the stick in and the machine on; it takes a few minutes.`,
    copying: (done: string, total: string) => `Copying: ${done} of ${total}`, checking: (done: string, total: string) => `Reading it back and comparing: ${done} of ${total}`, begins: 'It begins …', stop: 'Give up', again: 'Choose again',
    cancelled: 'Given up. The disk is half installed: nothing starts from it, and it can be chosen again.', failed: 'The disk is half installed: nothing starts from it, and it can be chosen again.',
    doneTitle: 'Croft has a home.', doneLead: 'What was copied was read back and is whole.', steps: 'What to do now',
    stepOff: 'Switch the box off here.', stepPull: 'When its lights are out, pull the stick out.', stepOn: 'Switch it on. It starts from its own disk.', stepCode: 'It is a new box with a new certificate: open its page on port 80 first, then claim it with the new pairing code on its screen.',
    off: 'Switch off', restart: 'Restart instead', restartHint: 'Pull the stick out as soon as the screen goes dark.', wentOff: 'The box goes off. Pull the stick out, switch the box on, and load this page again.', wentAgain: 'The box restarts. Pull the stick out now, and load this page again in a minute.',
  },
  claim: {
    title: 'Welcome home.', lead: 'This box belongs to nobody yet. In a few minutes it is yours, and nothing leaves the house for it.',
    step: (at: number, of: number) => `Step ${String(at)} of ${String(of)}`,
    codeTitle: 'Which box is it?', codeLead: 'Enter the pairing code. It stands on the screen of the box and in the file “pairing-code” in its home folder; so only somebody who can see the box can claim it.',
    codeScanned: 'The picture that you scanned has brought the pairing code. Compare it with the screen of the box, then continue.',
    code: 'Pairing code', continue: 'Continue',
    personTitle: 'Who are you?', personLead: 'You will be the owner. Others can be invited afterwards.',
    boxName: 'What shall the box be called?', boxNameHint: 'Like a pet or a house: Hollyhock, Elm, Attic.', displayName: 'Your name', name: 'Name to sign in with', nameHint: 'Small letters, digits and -, a letter first. It also stands in paths.',
    passphrase: 'Passphrase', kitTitle: 'Your recovery kit', kitLead: 'These 24 words are the only way back when the passphrase is forgotten. Nobody else has them: not us, not the box in readable form. Print the page or write the words down, and keep them where you keep your passport.',
    print: 'Print this page', kept: 'I have printed or written it down', sheetTitle: (box: string) => `Recovery kit of ${box}`, sheetMade: (person: string, name: string, day: string) => `Made for ${person} on ${day}, who signs in as ${name}.`,
    sheetUse: (host: string) => `To use it: open ${host}, choose “Forgotten? Use the recovery kit” and enter the words in this order. The square holds the same words.`, qr: 'The 24 words as a QR code', words: 'The 24 words in order',
    proofTitle: 'Is it in good hands?', proofLead: 'Three words from the kit, to be sure that it can be read.', word: (n: number) => `Word ${String(n)}`, back: 'Look at the kit again', finish: 'Finish',
    doneTitle: 'All set.', doneLead: (box: string) => `${box} is yours. It keeps your files, it answers to you, and it works with the internet cable out.`, go: 'Go home',
   
  },
  strength: {
    empty: 'At least 10 characters. Four unusual words are easy to keep and hard to guess.',
    short: (left: number) => `${count(left, 'more character', 'more characters')} at least.`,
    weak: 'That would be guessed soon. A few more unlike words make it strong.', fair: 'Good enough. One more word would make it strong.', strong: 'Strong. Nobody will guess that.',
  },
  door: {
    title: (box: string) => `Welcome to ${box}.`, lead: 'Sign in to go on where you were.', name: 'Name', passphrase: 'Passphrase', signIn: 'Sign in', forgotten: 'Forgotten? Use the recovery kit', invited: 'I have an invitation',
   
    recoverTitle: 'A new passphrase', recoverLead: 'Take out the recovery kit and enter its 24 words in order. All browsers are signed out afterwards.', words: 'The 24 words', wordsHint: (n: number) => `${String(n)} of 24 words`, newPassphrase: 'New passphrase', recover: 'Set the new passphrase', recovered: 'The passphrase is new. Sign in with it.', backToSignIn: 'Back to signing in',
    joinTitle: 'You are invited.', joinLead: 'Enter the code that you were given and choose a passphrase of your own.', code: 'Invitation code', join: 'Join', joined: 'Welcome. Sign in with your name and passphrase.',
  },
  grant: {
    title: 'A device asks to come in.', lead: (person: string) => `You are signed in as ${person}. Once you grant it, the device sees and changes your files.`, device: 'It calls itself', address: 'It asks from', onlyIf: 'Grant it only if you have just begun this on that device yourself.', grant: 'Grant', refuse: 'Refuse',
    granted: 'Granted.', grantedLead: 'Go back to the device; it goes on by itself. Among your devices you can shut it out at any time.', refused: 'Refused.', refusedLead: 'The device gets nothing.', devices: 'Your devices',
  },
  home: {
    well: (box: string) => `All is well at ${box}.`, notice: (box: string) => `All is well at ${box}, with a word to read.`, degraded: (box: string) => `${box} needs a look.`, critical: (box: string) => `${box} needs you.`,
    lead: (people: number, spaces: number, free: string) => `${many(people)} ${people === 1 ? 'person' : 'people'}, ${many(spaces).toLowerCase()} ${spaces === 1 ? 'space' : 'spaces'}, ${free} free.`,
    storage: 'Storage', free: (free: string, total: string) => `${free} of ${total} free`, used: (percent: string) => `${percent} used`, pool: (kind: string, system: string) => kind === 'folder' ? `A folder on ${system}` : system,
    cannot: 'What this storage cannot do', people: 'People', peopleEmpty: 'You live here alone so far.', invite: 'Add somebody', warnings: 'To look at', allRepairs: 'Open repairs',
    lately: 'Lately', latelyEmpty: 'Nothing has happened yet.', allActivity: 'See all', roles: 'At work', restarts: (n: number) => `restarted ${count(n, 'time', 'times')}`,
    roleStates: { waiting: 'ready when needed', starting: 'starting', ready: 'at work', stopping: 'ending', restarting: 'starting again', looping: 'keeps failing', stopped: 'off' },
    version: (version: string) => `Croft ${version}`, owner: 'Owner', member: 'Member', oneUser: 'On this machine all parts of the box run as one user, so the kernel does not keep people’s files apart. Fine for trying out; not for a household.',
  },
  files: {
    title: 'Your files', root: 'Files', path: 'Path', lead: (folders: number, files: number, size: string) => [folders > 0 ? count(folders, 'folder', 'folders') : '', files > 0 ? `${count(files, 'file', 'files')}, ${size}` : ''].filter(Boolean).join(', ') + '.',
    empty: 'Nothing here yet.', emptyHelp: 'Drop files on this page, or choose them.', upload: 'Upload', uploadFiles: 'Files …', uploadFolder: 'A folder …', newFolder: 'New folder', folderName: 'Name of the folder', create: 'Create',
    view: 'View', list: 'List', grid: 'Grid', sort: 'Sort by', name: 'Name', size: 'Size', modified: 'Changed', download: 'Download', delete: 'Delete', folderDownload: 'Folders cannot be downloaded whole yet. Open the folder and choose files.',
    selected: (n: number, size: string) => `${String(n)} selected · ${size}`, selectNone: 'Clear the selection', shared: 'Shared space', readOnly: 'You may look here, but not change anything.', mountedDelete: 'A shared space is removed in Settings, not here.',
    deleteTitle: (n: number, name: string) => n === 1 ? `Delete “${name}”?` : `Delete ${String(n)} things?`, deleteLead: 'They go to the trash of the box, not away at once.', deleteLeadOne: 'It goes to the trash of the box, not away at once.', deleted: (n: number) => n === 1 ? 'Moved to the trash.' : `${String(n)} things moved to the trash.`,
    drop: (folder: string) => `Let go to upload to ${folder}`, badName: 'A name cannot be empty, “.” or “..”, hold a slash, or be longer than 255 bytes.', made: (name: string) => `Folder “${name}” is there.`, things: 'Files and folders', keys: 'Arrows move, space selects, Enter opens, Delete deletes.',
    missingRight: 'It is right', missingTitle: 'Is it right that all this is gone?', missingLead: 'Computers and phones then delete their copies, too. If a disk may be missing, look at that first: nothing is lost while you wait.',
    viewing: (at: number, of: number) => `${String(at)} of ${String(of)}`, viewBefore: 'The one before', viewNext: 'The next one', viewClose: 'Close', notShown: 'This cannot be shown here.', notShownHelp: 'Download it and open it with a program of yours.',
    undo: 'Undo', undone: 'It is back.', missing: 'This folder is not there any more.', up: 'Up', partly: (failed: number) => `${count(failed, 'thing', 'things')} could not be deleted.`,
  },
  photos: {
    title: 'Photos', lead: 'Pictures and films of all your spaces, by the time of their last change.', empty: 'No picture yet.', emptyHelp: 'Pictures and films that you upload appear here by themselves.', more: 'Show earlier ones',
  },
  trash: {
    title: 'Trash', lead: (n: number, size: string) => `${count(n, 'thing', 'things')}, ${size}. What was deleted stays here for 30 days, or until the box needs the room.`, nothing: 'The trash is empty.', nothingHelp: 'What you delete stays here for 30 days and can be brought back.',
    from: (place: string, when: string) => when === '' ? `from ${place}` : `from ${place}, deleted ${when}`, restore: 'Restore', restoreNamed: (name: string) => `Restore: ${name}`, restored: (name: string) => `“${name}” is back.`,
    purge: 'Delete for good', purgeNamed: (name: string) => `Delete for good: ${name}`, purgeTitle: (name: string) => `Delete “${name}” for good?`, forGood: 'Nobody can bring it back after that. Its earlier versions go, too.', purged: 'Gone for good.',
    empty: 'Empty the trash', emptyTitle: 'Empty the trash?', emptyLead: (n: number, size: string) => `${count(n, 'thing', 'things')} with ${size} go for good, also what others deleted in shared spaces. Nobody can bring them back after that.`, emptied: 'The trash is empty.',
  },
  versions: {
    title: 'Earlier versions', lead: (name: string) => `What “${name}” was before. What is restored takes its place; what is there now becomes a version.`, nothing: 'There is no earlier version. One is kept whenever the file is changed.',
    restore: 'Restore', restoreOf: (time: string) => `Restore the version of ${time}`, downloadOf: (time: string) => `Download the version of ${time}`, restored: (name: string) => `“${name}” is as it was.`,
  },
  island: {
    label: 'At work', uploading: (at: number, of: number, folder: string) => of === 1 ? `Uploading to ${folder}` : `Uploading ${String(at)} of ${String(of)} to ${folder}`, uploaded: (n: number) => `${count(n, 'file', 'files')} uploaded.`,
    left: (time: string) => `${time} left`, cancelAll: 'Cancel all', details: 'Details', failed: (n: number) => `${count(n, 'file', 'files')} failed.`, tryAgain: 'Try again', replace: 'Replace it', dismiss: 'Done', ofBytes: (sent: string, all: string) => `${sent} of ${all}`, hide: 'Hide', progress: 'Progress',
    exists: 'A file of this name is there already.', cancelTask: 'Cancel',
  },
  activity: {
    title: 'Activity', lead: 'Who did what. Changes of the settings can be taken back.', empty: 'Nothing has happened yet.', emptyHelp: 'Every change of the box will stand here, with who made it.', undo: 'Undo', undone: 'Taken back.', undoTitle: 'Take this change back?',
    undoLead: 'The box goes back to how it was before it, as far as nobody has changed the same since. Taking back is a change too and can be taken back.', today: 'Today', yesterday: 'Yesterday', console: 'The console', stranger: (address: string) => `Somebody at ${address}`, what: 'What changes', why: (why: string) => `Reason: ${why}`, removed: 'removed',
  },
  settings: {
    title: 'Settings', sections: 'Parts of the settings', box: 'This box', people: 'People', spaces: 'Shared spaces', account: 'You and your devices', door: 'The door', network: 'Network and time',
    boxLead: 'What the box is called and how it speaks.', boxName: 'Name', host: 'Name on the network', hostHint: (host: string) => `The box answers as ${host}.local. After a change devices must use the new name.`, language: 'Language of what the box writes by itself',
    look: 'How it looks here', lookLead: 'Only for this browser.', uiLanguage: 'Language', wellKnown: 'Things to know',
    peopleLead: 'Everybody has files of their own that nobody else sees.', addPerson: 'Add a person', role: 'Role', owner: 'Owner', member: 'Member', roleHint: 'Owners change settings and people. Members use the box.', displayName: 'Name', signInName: 'Name to sign in with', signInNameHint: 'Small letters, digits and -, a letter first.', added: (name: string) => `${name} has a place here.`,
    inviteTitle: (name: string) => `An invitation for ${name}`, inviteLead: 'Hand over the link or the code. With it they choose a passphrase of their own; it works once.', inviteCode: 'Code', inviteLink: 'Link', inviteUntil: (when: string) => `Works until ${when}.`, inviteAgain: 'New invitation', you: 'you',
    removePerson: (name: string) => `Remove ${name}?`, removePersonLead: (name: string) => `${name} can no longer sign in. Their files are put away for 30 days and are then gone for good. The name stays in the activity.`, removed: (name: string) => `${name} was removed.`, removeSelf: 'You cannot remove yourself.',
    spacesLead: 'A shared space is a folder that appears among the files of each of its members.', spacesEmpty: 'There is no shared space yet.', spacesEmptyHelp: 'Make one for the family, a club or a project.', addSpace: 'Make a shared space', spaceTaken: 'Among your own files something has this name already. Take another name, or rename that first.', spaceName: 'Name of the folder', members: 'Members', membersOf: (name: string) => `Members of ${name}`, rights: { none: 'Not a member', read: 'May look', write: 'May change', share: 'May change and share', manage: 'May manage' }, made: (name: string) => `“${name}” is there.`, change: 'Change', archive: 'Put away', archiveTitle: (name: string) => `Put “${name}” away?`, archiveLead: 'It disappears from the files of all members. The files are kept for 30 days and are then gone for good.',
    accountLead: 'Where you are signed in, and passwords for programs.', sessions: 'Browsers', current: 'this one', lastSeen: (when: string) => `last used ${when}`, since: (when: string) => `since ${when}`, endSession: 'Sign out', ended: 'Signed out there.',
    appPasswords: 'App passwords', appPasswordsLead: 'Phones, computers and programs sign in with a password of their own, so that each can be shut out alone.', appPasswordsEmpty: 'No program has a password yet.', addAppPassword: 'New app password', appPasswordName: 'What is it for?', appPasswordNameHint: 'Like “phone” or “laptop backup”.', appPasswordTitle: (name: string) => `The password for ${name}`, appPasswordOnce: 'It is shown this once only. Enter it in the program now.', appPasswordUser: 'Name', appPasswordSecret: 'App password', appPasswordAddress: 'Address', revoke: 'Revoke', revokeTitle: (name: string) => `Revoke “${name}”?`, revokeLead: 'The program can no longer sign in. This cannot be undone, but a new password can be made.', revoked: 'Revoked.',
    passphrase: 'Passphrase', oldPassphrase: 'Passphrase until now', newPassphrase: 'New passphrase', changePassphrase: 'Change the passphrase', passphraseChanged: 'The passphrase is new.',
    doorLead: 'How the box is reached.', extraNames: 'Further names', extraNamesHint: 'One a line. Names that the household’s certificate covers end in .local, .lan, .internal, .home.arpa or .localhost.', idleDays: 'Days without use after which a browser must sign in again',
  },
  network: {
    title: 'The box’s address', interfaces: 'In your network', time: 'Time', lead: 'Most homes leave this to the router. A fixed address is for rules in the router, or for a network without one.',
    unmanaged: 'This machine looks after its own network. What is set here is kept, but changes nothing on it.', noInterfaces: 'The box sees no network interface.', answersAs: (name: string) => `The box answers as ${name}.`,
    cable: 'Cable', wireless: 'Wireless', connected: 'connected', notConnected: 'not connected', routerIs: (address: string) => `Router ${address}`, dnsAre: (addresses: string) => `names from ${addresses}`,
    way: 'How the box gets its address', automatic: 'From the router', static: 'A fixed one', automaticHint: 'The router gives an address, and may give another one some day. The name stays.', staticHint: 'Choose one that the router gives to nobody else.',
    address: 'Address', addressHint: 'After the slash stands the size of your network; keep what the router gave.', gateway: 'Router', gatewayHint: 'Without one the box reaches your own network alone.', dns: 'Who knows names', dnsHint: 'Up to three addresses; usually the router.', port: 'Interface', anyPort: 'The one with a cable',
    trialHint: 'The new address is tried for three minutes. If nobody keeps it in that time, the box goes back by itself.', tryIt: 'Try this address',
    trialTitle: 'The box has a new address. Keep it?', trialLead: (when: string) => `Otherwise it goes back at ${when}.`, keep: 'Keep it', kept: 'The address stays.',
    movedTitle: (address: string) => `The box is now at ${address}.`, movedLead: (name: string) => `Open it there or as ${name}, sign in, and keep the address. If it is nowhere to be found, wait three minutes: it then is where it was before.`, openThere: (address: string) => `Open ${address}`,
    wifiLead: 'A cable is quicker and needs no passphrase. Where there is none, the box joins a wireless network.', wifiNone: 'No wireless network is in reach.', wifiKnown: 'known', wifiFar: 'not in reach', wifiStrength: (percent: number) => `strength ${String(percent)} %`, wifiOpen: 'open',
    wifiJoin: 'Join', wifiJoinTitle: (ssid: string) => `Join ${ssid}`, wifiForget: 'Forget', wifiForgetOf: (ssid: string) => `Forget ${ssid}`, wifiJoined: (ssid: string) => `The box has joined ${ssid}.`, wifiForgotten: (ssid: string) => `${ssid} is forgotten.`,
    wifiPassphrase: 'Passphrase of the network', wifiPassphraseHint: 'Often it stands on the router.', wifiPassphraseKnown: 'The box knows it already; leave this empty.', wifiOpenLead: 'This network is open: whoever is near can listen to what is not encrypted.',
    timeLead: 'For the times that the box writes, and for what it does at night.', zone: 'Time zone', zoneHint: 'Like Europe/Berlin or America/New_York.', ntp: 'Ask for the time over the network', ntpOn: 'Yes', ntpOff: 'No', ntpOnHint: 'Needed by boxes without a clock battery, and good for all.', ntpOffHint: 'The box then asks nobody. Its clock may drift by minutes in a year, and stands still while it has no power if it has no battery.',
    servers: 'Who is asked', serversHint: 'Left empty, those that the router names, or else those of Debian.',
  },
  repairs: {
    title: 'Repairs', wellTitle: 'Nothing to repair.', well: 'All is well.', wellHelp: 'When something is not as it should be, it stands here with what it means and what to do.', lead: (n: number) => `${count(n, 'thing', 'things')} to look at.`, means: 'What it means', todo: 'What to do', since: (when: string) => `Since ${when}`, lines: 'Last lines', severity: { notice: 'good to know', degraded: 'works less well', critical: 'needs you' }, because: (title: string) => `Comes from: ${title}`,
  },
  palette: { title: 'Find anything', placeholder: 'Pages, people, files, settings, actions', none: 'Nothing is called that.', results: 'Results', groups: { page: 'Page', setting: 'Setting', person: 'Person', file: 'File', action: 'Action' } },
}

/** The shape of a catalogue: the same keys, with texts and functions of the same arguments. */
export type Words = typeof en
