//! `croft console`: what stands on the box's own screen and serial line, and what keys there do.
//!
//! [`sight`] looks at the box → [`scene`] says what is the case → [`page`] or [`lines`] show it on the [`terminal`]; [`keys`] decides what a
//! pressed key does.

mod canvas;
mod keys;
mod letters;
mod lines;
mod page;
mod qr;
mod scene;
mod sight;
mod terminal;

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use croft_client::{Client, ClientError, Door, Intent};
use jiff::Zoned;
use tokio::{
    signal::unix::{SignalKind, signal},
    sync::mpsc,
};

use self::{
    keys::{Ask, Key, Keys, Step},
    lines::{Anew, Lines},
    scene::{Scene, Watch},
    sight::Sight,
    terminal::{Form, Pressed, Terminal},
};
use super::CommandError;
use crate::say::Say;

/// How often the box is looked at.
const EVERY: Duration = Duration::from_secs(3);
/// Time for one look, and for an answer to what was asked for; a box answers at once, even an emulated one in seconds.
const ANSWER: Duration = Duration::from_secs(20);
/// Pause between two times that a key has everything written again: a machine that talks to the serial line shall not fill its log.
const ANEW: Duration = Duration::from_secs(10);
/// How often it is looked whether a question has become old.
const TICK: Duration = Duration::from_secs(1);

/// Arguments of `console`.
#[derive(clap::Args)]
pub(crate) struct Console {
    /// Stays, follows whatever changes, and takes keys.
    #[arg(long)]
    follow: bool,
    /// A page that fills the screen, 80 by 24 characters; by itself only on a machine's own screen.
    #[arg(long, requires = "follow")]
    page: bool,
    /// Lines one below the other, as on a serial line.
    #[arg(long, requires = "follow", conflicts_with = "page")]
    lines: bool,
}

/// Shows the name, the addresses, the certificate's fingerprint, the pairing code of a box that is nobody's, and how the box is.
pub(crate) async fn run(command: &Console, door: Door, say: &Say) -> Result<(), CommandError> {
    let home = match &door {
        Door::Home(home) => Some(home.clone()),
        Door::Address { .. } => None,
    };
    if command.follow {
        let form = match (command.page, command.lines) {
            (true, _) => Some(Form::Page),
            (_, true) => Some(Form::Lines),
            _ => None,
        };
        return Desk::new(door, home, form).follow().await;
    }
    let sight = Sight::take(&Client::new(door)?, home.as_deref()).await?;
    say.print(&sight, |sight| lines::whole(sight).into_iter().chain(lines::health(&sight.warnings)).collect::<Vec<_>>().join("\n"));
    Ok(())
}

/// The console while it runs.
struct Desk {
    door: Door,
    home: Option<PathBuf>,
    terminal: Terminal,
    watch: Watch,
    keys: Keys,
    lines: Lines,
    /// When a key last had everything written again.
    shown_anew: Option<Instant>,
    /// When the box last answered, as a person reads it.
    seen: Option<String>,
}

/// What comes from the tasks beside the terminal.
enum News {
    Seen(Sight),
    Done(Ask, Result<(), CommandError>),
}

impl Desk {
    fn new(door: Door, home: Option<PathBuf>, form: Option<Form>) -> Self {
        let (watch, lines) = (Watch::new(Instant::now()), Lines::default());
        Self { door, home, terminal: Terminal::take(form), watch, keys: Keys::Resting, lines, shown_anew: None, seen: None }
    }

    /// Shows and obeys until the system or somebody ends it.
    async fn follow(mut self) -> Result<(), CommandError> {
        let unheard = |error: std::io::Error| CommandError::Wrong(format!("the end of this program cannot be heard: {error}"));
        let mut ends = signal(SignalKind::terminate()).map_err(unheard)?;
        let (sender, mut news) = mpsc::channel(8);
        let looking = tokio::spawn(look(self.door.clone(), self.home.clone(), sender.clone()));
        let mut tick = tokio::time::interval(TICK);
        self.show(Anew::Yes);
        loop {
            // Cancel-safe: each gives its news or keeps it.
            let step = tokio::select! {
                _ = ends.recv() => break,
                pressed = self.terminal.pressed() => match pressed {
                    Pressed::Leave => break,
                    Pressed::Key(key) => self.press(key),
                },
                Some(news) = news.recv() => self.hear(news),
                _ = tick.tick() => {
                    self.keys.wait(Instant::now());
                    Step::Show
                }
            };
            match step {
                Step::Nothing => {}
                Step::Show => self.show(Anew::No),
                Step::Do(ask) => {
                    self.show(Anew::No);
                    let (door, sender) = (self.door.clone(), sender.clone());
                    tokio::spawn(async move {
                        let outcome = act(door, ask).await;
                        // The console may have ended meanwhile.
                        let _ = sender.send(News::Done(ask, outcome)).await;
                    });
                }
            }
        }
        looking.abort();
        self.keys = Keys::Resting;
        let scene = match self.watch.scene(Instant::now()) {
            going @ Scene::Going(_) => going,
            _ => Scene::Ending,
        };
        self.draw(&scene, Anew::No);
        Ok(())
    }

    fn press(&mut self, key: Key) -> Step {
        let (now, was_resting) = (Instant::now(), self.keys == Keys::Resting);
        let step = self.keys.press(key, self.watch.scene(now).acts(), now);
        let is_new = self.shown_anew.is_none_or(|shown| now.duration_since(shown) >= ANEW);
        if step == Step::Show && was_resting && self.keys == Keys::Resting && is_new {
            // Somebody is there who may not have seen what was written before.
            self.shown_anew = Some(now);
            self.show(Anew::Yes);
            return Step::Nothing;
        }
        step
    }

    fn hear(&mut self, news: News) -> Step {
        let now = Instant::now();
        match news {
            News::Seen(sight) => {
                self.watch.saw(sight, now);
                self.seen = Some(Zoned::now().strftime("%H:%M:%S %Z").to_string());
            }
            News::Done(Ask::Power(how), Ok(())) => {
                self.watch.ends(how, now);
                self.keys = Keys::Resting;
            }
            News::Done(Ask::ResetNetwork, Ok(())) => self.keys.tell("Done. The router gives an address within a minute.".into(), now),
            News::Done(_, Err(error)) => self.keys.tell(format!("That did not work. {}", sentence(&error)), now),
        }
        Step::Show
    }

    fn show(&mut self, anew: Anew) {
        let scene = self.watch.scene(Instant::now());
        self.draw(&scene, anew);
    }

    fn draw(&mut self, scene: &Scene, anew: Anew) {
        match self.terminal.form() {
            Form::Page => self.terminal.paint(&page::page(scene, &self.keys, self.seen.as_deref()), Instant::now()),
            Form::Lines => {
                let news = self.lines.news(scene, &self.keys, anew);
                self.terminal.write(&news);
            }
        }
    }
}

/// Looks at the box for ever. A look that fails is no news: the time passes, and [`Watch`] says what that means.
async fn look(door: Door, home: Option<PathBuf>, sender: mpsc::Sender<News>) {
    loop {
        if let Ok(Ok(sight)) = tokio::time::timeout(ANSWER, sight(door.clone(), home.as_deref())).await
            && sender.send(News::Seen(sight)).await.is_err()
        {
            return;
        }
        tokio::time::sleep(EVERY).await;
    }
}

async fn sight(door: Door, home: Option<&Path>) -> Result<Sight, CommandError> {
    // Anew each time: the box that answers may be another process than a moment ago.
    Sight::take(&Client::new(door)?, home).await
}

async fn act(door: Door, ask: Ask) -> Result<(), CommandError> {
    let client = Client::new(door)?;
    let done = async {
        match ask {
            Ask::Power(how) => client.power(how).await.map(drop),
            Ask::ResetNetwork => client.reset_network(&Intent { why: "Reset at the console.".into(), dry_run: false }).await.map(drop),
        }
    };
    match tokio::time::timeout(ANSWER, done).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(CommandError::Wrong("The box did not answer in time. Try again.".into())),
    }
}

/// An error in a line.
fn sentence(error: &CommandError) -> String {
    match error {
        CommandError::Client(ClientError::Refused(problem)) => match &problem.hint {
            Some(hint) => format!("{} {hint}", problem.detail),
            None => problem.detail.clone(),
        },
        CommandError::Client(error) => format!("{error}."),
        CommandError::Wrong(sentence) => sentence.clone(),
    }
}

#[cfg(test)]
mod picture;
