//! The end at which something arrives.

use std::{
    fs::File,
    os::fd::OwnedFd,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use croft_api::bulk::{
    Header,
    limits::{MAX_PACKET, MAX_SEGMENTS},
};
use croft_files::{Dir, Kind, Link, Name, Stat};
use tokio::{sync::mpsc, task::JoinHandle};

use super::{AHEAD, Count, Message, broken};
use crate::{
    error::Failure,
    exchange::{Answer, Exchange},
    methods::{
        Ground, Request,
        copy::{self, Aside, Properties},
        proppatch, put,
        target::Target,
    },
    space::{DeadProperty, Space, Sums, blocking, etag, unique},
    xml::Element,
};

/// A message with the descriptor that came with it; `None` when the other end is gone before the last one.
type Packet = Option<(Message, Option<OwnedFd>)>;

/// How far it is, in bytes.
#[derive(Default)]
struct Progress {
    arrived: AtomicU64,
    whole: AtomicU64,
}

/// Receives an entry from another worker aside, and publishes it whole.
pub(super) async fn receive(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.writes()?;
    let target = Arc::new(Target::from_across(&request)?);
    let request = Arc::new(request);
    let (judging, judged, leads) = (ground.space.clone(), request.clone(), target.clone());
    let there = blocking(move || {
        let there = leads.occupied(&judging)?;
        judged.judge(&judging, None, &[leads.touch()])?;
        judging.admit(0)?;
        Ok(there)
    })
    .await?;
    let link = exchange.beside()?;
    let progress = Arc::new(Progress::default());
    exchange.tell(progress.signs()).await?;
    // Whoever sends has its place when the first message comes, and this one is taken after it: so nobody waits for somebody who waits for him.
    let first = exchange.unless_gone_telling(packet(&link, &mut vec![0; MAX_PACKET]), || progress.signs()).await?;
    if first.is_none() {
        return Err(put::incomplete().into());
    }
    let space = ground.space.clone();
    let _place = exchange.unless_gone_telling(space.turn_to_receive(), || progress.signs()).await?;
    let room = MAX_SEGMENTS.saturating_sub(target.path.len());
    let (into, packets) = mpsc::channel(AHEAD);
    // There is room for it.
    let _ = into.send(first).await;
    let mut making = Making::start(ground.space.clone(), packets, (room, progress.clone()));
    let arrived = exchange.unless_gone_telling(making.fed(&link, &into), || progress.signs()).await;
    // Whoever makes it hears by this that nothing more comes.
    drop(into);
    if !making.ended {
        making.give_up(&ground.space).await;
        return Err(Failure::Gone);
    }
    let (made, written) = arrived?;
    // From here on it comes to its end, whoever is gone.
    exchange.telling(copy::place(ground, (&request, &target), made, (there, written)), || progress.signs()).await
}

impl Progress {
    fn signs(&self) -> Vec<Header> {
        let said = |count: &AtomicU64| count.load(Ordering::Relaxed).to_string();
        vec![("croft-arrived".into(), said(&self.arrived)), ("croft-whole".into(), said(&self.whole))]
    }
}

/// What was made, and the ids of copies for which properties were written.
type Made = (copy::Made, Vec<u64>);

/// The thread that makes aside what arrives.
struct Making {
    thread: JoinHandle<Result<Made, Failure>>,
    /// Whether what it made was taken over.
    ended: bool,
}

impl Making {
    fn start(space: Arc<Space>, packets: mpsc::Receiver<Packet>, (room, progress): (usize, Arc<Progress>)) -> Self {
        Self { thread: tokio::task::spawn_blocking(move || make(&space, packets, (room, &progress))), ended: false }
    }

    async fn made(&mut self) -> Result<Made, Failure> {
        let made = (&mut self.thread).await;
        self.ended = true;
        made.map_err(|_| Failure::Broken("work on the disk broke off"))?
    }

    /// Gives it what comes from the link.
    async fn fed(&mut self, link: &Link, into: &mpsc::Sender<Packet>) -> Result<Made, Failure> {
        // Cancel-safe: whoever does not take it any more has ended, and says why; a thread that is not ended is seen to be so.
        let pumped = tokio::select! {
            made = self.made() => return made,
            pumped = pump(link, into) => pumped,
        };
        if pumped.is_err() {
            let _ = into.send(None).await;
        }
        match (self.made().await, pumped) {
            (Err(_), Err(error)) => Err(error),
            (made, _) => made,
        }
    }

    /// Waits for its end, for nobody, and takes away what it made.
    async fn give_up(mut self, space: &Arc<Space>) {
        let Ok((made, written)) = self.made().await else { return };
        let space = space.clone();
        let given_up = blocking(move || match &made.aside {
            Aside::Dir(name) => copy::give_up(&space, Some(name), &written),
            Aside::File(_) => copy::give_up(&space, None, &written),
        });
        // What stays goes at the next start.
        if let Err(error) = given_up.await {
            tracing::warn!(%error, "what was on its way from another space stays behind");
        }
    }
}

/// The next message from the link.
async fn packet(link: &Link, buffer: &mut [u8]) -> Result<Packet, Failure> {
    let Some(received) = link.receive(buffer).await? else { return Ok(None) };
    Ok(Some((Message::decode(&buffer[..received.length])?, received.descriptor)))
}

/// Takes messages from the link until the last one, or its end.
async fn pump(link: &Link, into: &mpsc::Sender<Packet>) -> Result<(), Failure> {
    let mut buffer = vec![0; MAX_PACKET];
    loop {
        let packet = packet(link, &mut buffer).await?;
        let last = matches!(packet, None | Some((Message::End(_), _)));
        if into.send(packet).await.is_err() || last {
            return Ok(());
        }
    }
}

/// Makes aside what `packets` say. Blocks.
fn make(space: &Space, packets: mpsc::Receiver<Packet>, (room, progress): (usize, &Progress)) -> Result<Made, Failure> {
    let aside = unique()?;
    let mut arriving = Arriving { space, packets, progress, room, count: Count::default(), properties: Properties::default(), last: None };
    match arriving.whole(&aside) {
        Ok(made) => Ok((made, arriving.properties.written)),
        Err(error) => {
            let there = space.uploads.stat_of(&aside).is_ok();
            let _ = copy::give_up(space, there.then_some(&aside), &arriving.properties.written);
            Err(error)
        }
    }
}

/// What arrives, on its way into the uploads.
struct Arriving<'a> {
    space: &'a Space,
    packets: mpsc::Receiver<Packet>,
    progress: &'a Progress,
    /// Folders below each other that there may be.
    room: usize,
    count: Count,
    properties: Properties,
    /// The entry that came last, with its properties.
    last: Option<(u64, Vec<DeadProperty>)>,
}

impl Arriving<'_> {
    fn whole(&mut self, aside: &Name) -> Result<copy::Made, Failure> {
        let (Message::Whole { bytes }, _) = self.next()? else { return Err(broken()) };
        self.progress.whole.store(bytes, Ordering::Relaxed);
        let (first, descriptor) = self.next()?;
        let made = match first {
            Message::File { size, modified_seconds, modified_nanoseconds, sums, .. } => {
                let staged = self.space.stage()?;
                self.fill(descriptor, staged.file(), size)?;
                staged.set_modified(modified_seconds, modified_nanoseconds)?;
                let marked = self.space.mark(&staged, self.space.ids.fresh()?)?;
                let etag = etag::file(marked.stamp, staged.stat()?);
                if let Some(sums) = sums.as_deref().and_then(Sums::parse) {
                    sums.write(&staged, &etag)?;
                }
                staged.write_out()?;
                self.begin(marked.stamp.id)?;
                copy::Made { id: marked.stamp.id, aside: Aside::File(staged), file: Some((marked, etag)) }
            }
            Message::Folder { .. } => {
                let dir = self.space.uploads.make(aside)?;
                let id = self.space.ids.of(&dir, dir.stat()?)?.id;
                self.count.folders += 1;
                self.begin(id)?;
                self.below(dir)?;
                copy::Made { aside: Aside::Dir(aside.clone()), id, file: None }
            }
            _ => return Err(broken()),
        };
        match self.next()? {
            (Message::End(sent), _) if sent == self.count => {}
            _ => return Err(put::incomplete().into()),
        }
        self.settle()?;
        self.properties.write(self.space)?;
        if matches!(made.aside, Aside::Dir(_)) {
            self.space.uploads.sync_whole()?;
        }
        Ok(made)
    }

    /// The next message that is not about a property.
    fn next(&mut self) -> Result<(Message, Option<OwnedFd>), Failure> {
        loop {
            let (message, descriptor) = self.packets.blocking_recv().flatten().ok_or_else(put::incomplete)?;
            let Message::Property { xml } = message else { return Ok((message, descriptor)) };
            let (_, properties) = self.last.as_mut().ok_or_else(broken)?;
            let element = Element::parse(xml.as_bytes())?;
            let property = DeadProperty::of(&element);
            let fits = properties.len() < proppatch::MAX_PROPERTIES && property.xml.len() <= proppatch::MAX_PROPERTY;
            let known = properties.iter().any(|known| known.name_alone() == property.name_alone());
            if !fits || known || !proppatch::is_kept(&element) {
                return Err(broken());
            }
            properties.push(property);
        }
    }

    /// From now on properties are those of the entry `id`.
    fn begin(&mut self, id: u64) -> Result<(), Failure> {
        self.settle()?;
        self.last = Some((id, Vec::new()));
        Ok(())
    }

    fn settle(&mut self) -> Result<(), Failure> {
        let Some((id, properties)) = self.last.take() else { return Ok(()) };
        self.properties.add(self.space, id, properties)
    }

    /// All that lies in the folder `to`.
    fn below(&mut self, to: Dir) -> Result<(), Failure> {
        // The folders on the way down, not the thread's stack: whoever sends says how deep it goes.
        let mut open = vec![to];
        while let Some(to) = open.last() {
            let (message, descriptor) = self.next()?;
            match message {
                Message::Up => drop(open.pop()),
                Message::Folder { name } => {
                    if open.len() > self.room {
                        return Err(copy::too_deep().into());
                    }
                    self.space.admit(0)?;
                    let dir = to.make(&Name::new(name).map_err(|_| broken())?)?;
                    let id = self.space.ids.of(&dir, dir.stat()?)?.id;
                    self.count.folders += 1;
                    self.begin(id)?;
                    open.push(dir);
                }
                Message::File { name, size, modified_seconds, modified_nanoseconds, sums } => {
                    let copy = to.new_file(&Name::new(name).map_err(|_| broken())?)?;
                    self.fill(descriptor, &copy, size)?;
                    croft_files::set_modified(&copy, modified_seconds, modified_nanoseconds)?;
                    let stat = Stat::of(&copy)?;
                    let own = self.space.ids.of(&copy, stat)?;
                    if let Some(sums) = sums.as_deref().and_then(Sums::parse) {
                        sums.write(&copy, &etag::file(own, stat))?;
                    }
                    self.begin(own.id)?;
                }
                Message::Whole { .. } | Message::Property { .. } | Message::End(_) => return Err(broken()),
            }
        }
        Ok(())
    }

    /// Copies the content behind `descriptor`, which has `size` bytes, into `file`.
    fn fill(&mut self, descriptor: Option<OwnedFd>, file: &File, size: u64) -> Result<(), Failure> {
        let from = File::from(descriptor.ok_or_else(broken)?);
        if Stat::of(&from)?.kind != Kind::File {
            return Err(broken());
        }
        self.space.admit(size)?;
        let (before, mut counted) = (self.count.bytes, 0);
        let copied = croft_files::copy_in_steps(&from, file, |copied| {
            self.progress.arrived.store(before.saturating_add(copied), Ordering::Relaxed);
            self.space.room.count(copied - counted);
            counted = copied;
            // Nobody waits for it any more, or it is longer than it was to be.
            if self.packets.is_closed() || copied > size { Err(put::incomplete().into()) } else { self.space.admit(0) }
        })?;
        if copied != size {
            return Err(put::incomplete().into());
        }
        self.count.files += 1;
        self.count.bytes = before.saturating_add(copied);
        Ok(())
    }
}
