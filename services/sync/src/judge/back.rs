//! What is done so that a path is as it was at an earlier time. Each name is judged by itself, by what was there and what is there now.

use croft_files::Kind;

/// An entry, then or now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) kind: Kind,
    /// Bytes of a file.
    pub(crate) size: u64,
    /// Of a file: which one it is, with its size and time.
    pub(crate) etag: String,
}

/// What becomes of what was made since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Newer {
    Stays,
    /// To the trash.
    Goes,
}

/// What is done about a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Deed {
    /// It is as it was.
    Nothing,
    /// It came back as a whole: the file with its content, the folder empty, before what was in it.
    Return,
    /// The entry is somewhere else now, and comes back from there; what is in it is judged then.
    MoveBack,
    /// The file gets the content that it had. The one that it has becomes a version.
    Change,
    /// The same, if the contents differ: by their sizes they could be the same.
    Compare,
    /// Both are folders: what is in them is judged.
    Into,
    /// What stands there now goes to the trash, and what was there comes back.
    Replace,
    /// Made since, it stays.
    Keep,
    /// Made since, it goes to the trash.
    Discard,
    /// A link, a socket or a device, then or now: the box never made it and does not touch it.
    Leave,
}

/// Decides. `elsewhere` says that what was there then is at another place now, from which it may be taken.
pub(crate) fn decide(then: Option<&Seen>, now: Option<&Seen>, elsewhere: bool, newer: Newer) -> Deed {
    use Kind::{Dir, File, Other};
    match (then, now) {
        (None, None) => Deed::Nothing,
        (Some(Seen { kind: Other, .. }), _) | (_, Some(Seen { kind: Other, .. })) => Deed::Leave,
        (None, Some(_)) if newer == Newer::Goes => Deed::Discard,
        (None, Some(_)) => Deed::Keep,
        (Some(_), None) if elsewhere => Deed::MoveBack,
        (Some(_), None) => Deed::Return,
        (Some(Seen { kind: Dir, .. }), Some(Seen { kind: Dir, .. })) => Deed::Into,
        (Some(then @ Seen { kind: File, .. }), Some(now @ Seen { kind: File, .. })) => {
            if then.etag == now.etag {
                Deed::Nothing
            } else if then.size == now.size {
                Deed::Compare
            } else {
                Deed::Change
            }
        }
        (Some(_), Some(_)) => Deed::Replace,
    }
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use proptest::prelude::*;

    use super::*;

    /// A folder or a file, each with who it is; of a file its content.
    #[derive(Debug, Clone, PartialEq, Eq)]
    enum Node {
        File { id: u16, content: u8 },
        Dir(u16, Tree),
        Socket,
    }

    type Tree = BTreeMap<u8, Node>;

    /// Ids of what is made while something comes back.
    const FRESH: u16 = 1000;

    impl Node {
        fn seen(&self) -> Seen {
            match self {
                // Contents differ in size only by half, so that some have to be compared.
                Self::File { id, content } => Seen { kind: Kind::File, size: u64::from(*content / 2), etag: format!("{id} {content}") },
                Self::Dir(..) => Seen { kind: Kind::Dir, size: 0, etag: String::new() },
                Self::Socket => Seen { kind: Kind::Other, size: 0, etag: String::new() },
            }
        }

        fn id(&self) -> Option<(u16, Kind)> {
            match self {
                Self::File { id, .. } => Some((*id, Kind::File)),
                Self::Dir(id, _) => Some((*id, Kind::Dir)),
                Self::Socket => None,
            }
        }

        fn dir(&self) -> Option<&Tree> {
            if let Self::Dir(_, tree) = self { Some(tree) } else { None }
        }

        /// What of it is people's.
        fn visible(&self) -> Option<Self> {
            match self {
                Self::File { content, .. } => Some(Self::File { id: 0, content: *content }),
                Self::Dir(_, tree) => Some(Self::Dir(0, tree.iter().filter_map(|(name, node)| Some((*name, node.visible()?))).collect())),
                Self::Socket => None,
            }
        }
    }

    fn folder<'a>(tree: &'a Tree, path: &[u8]) -> Option<&'a Tree> {
        path.iter().try_fold(tree, |tree, name| tree.get(name)?.dir())
    }

    fn at<'a>(tree: &'a Tree, path: &[u8]) -> Option<&'a Node> {
        let (name, parent) = path.split_last()?;
        folder(tree, parent)?.get(name)
    }

    fn folder_mut<'a>(tree: &'a mut Tree, path: &[u8]) -> &'a mut Tree {
        path.iter().fold(tree, |tree, name| match tree.get_mut(name) {
            Some(Node::Dir(_, tree)) => tree,
            other => panic!("no folder: {other:?}"),
        })
    }

    fn put(tree: &mut Tree, path: &[u8], node: Node) {
        let (name, parent) = path.split_last().unwrap();
        assert!(folder_mut(tree, parent).insert(*name, node).is_none(), "{path:?} is taken");
    }

    fn take(tree: &mut Tree, path: &[u8]) -> Node {
        let (name, parent) = path.split_last().unwrap();
        folder_mut(tree, parent).remove(name).unwrap()
    }

    fn joined(folder: &[u8], name: u8) -> Vec<u8> {
        [folder, &[name]].concat()
    }

    /// Where the entry with this id is.
    fn find(tree: &Tree, who: (u16, Kind)) -> Option<Vec<u8>> {
        tree.iter().find_map(|(name, node)| {
            if node.id() == Some(who) {
                return Some(vec![*name]);
            }
            find(node.dir()?, who).map(|below| [vec![*name], below].concat())
        })
    }

    /// Contents of all files that are anywhere in it.
    fn contents(node: &Node, all: &mut Vec<u8>) {
        match node {
            Node::File { content, .. } => all.push(*content),
            Node::Dir(_, tree) => tree.values().for_each(|node| contents(node, all)),
            Node::Socket => {}
        }
    }

    /// Does what is decided, entry by entry.
    struct Model<'a> {
        then: &'a Tree,
        now: Tree,
        /// What is lost of it.
        kept: Vec<u8>,
        made: u16,
        done: usize,
    }

    impl<'a> Model<'a> {
        fn run(then: &'a Tree, now: Tree, newer: Newer) -> Self {
            let mut model = Self { then, now, kept: Vec::new(), made: FRESH, done: 0 };
            model.back(&[]);
            model.newer(&[], newer);
            model
        }

        fn fresh(&mut self) -> u16 {
            self.made += 1;
            self.made
        }

        fn elsewhere(&self, path: &[u8]) -> Option<Vec<u8>> {
            let from = find(&self.now, at(self.then, path)?.id()?)?;
            (at(self.then, &from).is_none() && !path.starts_with(&from)).then_some(from)
        }

        fn back(&mut self, path: &[u8]) {
            for name in folder(self.then, path).unwrap().keys() {
                self.judge(&joined(path, *name));
            }
        }

        fn judge(&mut self, path: &[u8]) {
            let (was, is) = (at(self.then, path).unwrap(), at(&self.now, path));
            let from = if is.is_none() { self.elsewhere(path) } else { None };
            let deed = decide(Some(&was.seen()), is.map(Node::seen).as_ref(), from.is_some(), Newer::Stays);
            let same = is.is_some_and(|is| is.visible() == was.visible());
            match (deed, was) {
                (Deed::Nothing | Deed::Leave, _) => {}
                (Deed::Compare, _) if same => {}
                (Deed::Into, _) => self.back(path),
                (Deed::MoveBack, _) => {
                    self.done += 1;
                    let moved = take(&mut self.now, &from.unwrap());
                    put(&mut self.now, path, moved);
                    self.judge(path);
                }
                (Deed::Replace, _) => {
                    self.done += 1;
                    contents(&take(&mut self.now, path), &mut self.kept);
                    self.judge(path);
                }
                (Deed::Change | Deed::Compare, Node::File { content, .. }) => {
                    self.done += 1;
                    let gone = take(&mut self.now, path);
                    contents(&gone, &mut self.kept);
                    let id = gone.id().unwrap().0;
                    put(&mut self.now, path, Node::File { id, content: *content });
                }
                (Deed::Return, Node::File { content, .. }) => {
                    self.done += 1;
                    let id = self.fresh();
                    put(&mut self.now, path, Node::File { id, content: *content });
                }
                (Deed::Return, Node::Dir(..)) => {
                    self.done += 1;
                    let id = self.fresh();
                    put(&mut self.now, path, Node::Dir(id, Tree::new()));
                    self.back(path);
                }
                (deed, was) => panic!("{deed:?} of {was:?}"),
            }
        }

        /// What was made since, in a folder that was there.
        fn newer(&mut self, path: &[u8], newer: Newer) {
            let names: Vec<u8> = folder(&self.now, path).unwrap().keys().copied().collect();
            for path in names.into_iter().map(|name| joined(path, name)) {
                let (was, is) = (at(self.then, &path), at(&self.now, &path).unwrap());
                match (was, is) {
                    (None, is) => match decide(None, Some(&is.seen()), false, newer) {
                        Deed::Keep | Deed::Leave => {}
                        Deed::Discard => {
                            self.done += 1;
                            contents(&take(&mut self.now, &path), &mut self.kept);
                        }
                        other => panic!("{other:?}"),
                    },
                    (Some(Node::Dir(..)), Node::Dir(..)) => self.newer(&path, newer),
                    _ => {}
                }
            }
        }
    }

    /// Takes out what is who was there already: nobody is at two places.
    fn alone(tree: &mut Tree, seen: &mut BTreeSet<u16>) {
        tree.retain(|_, node| node.id().is_none_or(|(id, _)| seen.insert(id)));
        for node in tree.values_mut() {
            if let Node::Dir(_, tree) = node {
                alone(tree, seen);
            }
        }
    }

    /// Ids are few, so that much of one tree is in another, at other places.
    fn tree() -> impl Strategy<Value = Tree> {
        let leaf = prop_oneof![
            8 => (1..24_u16, 0..4_u8).prop_map(|(id, content)| Node::File { id, content }),
            1 => Just(Node::Socket),
        ];
        let node = leaf.prop_recursive(3, 24, 4, |inner| {
            (1..24_u16, prop::collection::btree_map(0..5_u8, inner, 0..4)).prop_map(|(id, tree)| Node::Dir(id, tree))
        });
        prop::collection::btree_map(0..5_u8, node, 0..5).prop_map(|mut tree| {
            alone(&mut tree, &mut BTreeSet::new());
            tree
        })
    }

    /// Whether all that `then` has is in `now`, as it was, where nothing stands in its way that is not touched.
    fn holds(then: &Tree, now: &Tree) -> bool {
        then.iter().all(|(name, was)| match (was, now.get(name)) {
            (Node::Socket, _) | (_, Some(Node::Socket)) => true,
            (Node::Dir(_, was), Some(Node::Dir(_, is))) => holds(was, is),
            (was, is) => is.is_some_and(|is| is.visible() == was.visible()),
        })
    }

    fn has_socket(node: &Node) -> bool {
        matches!(node, Node::Socket) || node.dir().is_some_and(|tree| tree.values().any(has_socket))
    }

    proptest! {
        #[test]
        fn what_was_is_there_again_nothing_is_lost_and_the_second_time_nothing_is_done(
            then in tree(),
            before in tree(),
            goes in any::<bool>(),
        ) {
            let newer = if goes { Newer::Goes } else { Newer::Stays };
            let Model { now, mut kept, .. } = Model::run(&then, before.clone(), newer);
            prop_assert!(holds(&then, &now));
            if goes {
                // And nothing else, but what is never touched.
                prop_assert!(holds(&now, &then) || then.values().chain(before.values()).any(has_socket));
            } else {
                // A file that was made since is where it was.
                for (name, node) in before.iter().filter(|(name, node)| !then.contains_key(name) && node.dir().is_none()) {
                    let moves = node.id().is_some_and(|who| find(&then, who).is_some());
                    prop_assert!(moves || now.get(name) == Some(node));
                }
            }
            // Every content that was there is there, or was kept.
            let (mut had, all) = (Vec::new(), Node::Dir(0, before));
            contents(&all, &mut had);
            contents(&Node::Dir(0, now.clone()), &mut kept);
            prop_assert!(had.iter().all(|content| kept.contains(content)));
            // Nobody is at two places.
            let mut single = now.clone();
            alone(&mut single, &mut BTreeSet::new());
            prop_assert_eq!(&single, &now);
            prop_assert_eq!(Model::run(&then, now, newer).done, 0);
        }

        /// Where nothing was written since, only moved, all is who it was and where it was.
        #[test]
        fn what_was_only_moved_goes_back(then in tree(), moves in prop::collection::vec((any::<prop::sample::Index>(), 5..9_u8), 1..4)) {
            let mut now = then.clone();
            for (index, name) in moves {
                let names: Vec<u8> = now.keys().copied().filter(|name| *name < 5).collect();
                if !names.is_empty() && !now.contains_key(&name) {
                    let moved = take(&mut now, &[names[index.index(names.len())]]);
                    put(&mut now, &[name], moved);
                }
            }
            let changed = then.values().chain(now.values()).any(|node| matches!(node, Node::Socket));
            let back = Model::run(&then, now, Newer::Goes);
            prop_assert!(changed || back.now == then);
            prop_assert!(changed || back.kept.is_empty());
        }
    }

    #[test]
    fn a_name_is_judged_by_what_was_there_and_what_is() {
        let seen = |kind, size, etag: &str| Some(Seen { kind, size, etag: etag.into() });
        let (a, b, longer) = (seen(Kind::File, 3, "a"), seen(Kind::File, 3, "b"), seen(Kind::File, 4, "c"));
        let (dir, socket) = (seen(Kind::Dir, 0, ""), seen(Kind::Other, 0, ""));
        let check = |then: &Option<Seen>, now: &Option<Seen>, elsewhere, newer, expected| {
            assert_eq!(decide(then.as_ref(), now.as_ref(), elsewhere, newer), expected, "{then:?} {now:?} {elsewhere} {newer:?}");
        };
        for newer in [Newer::Stays, Newer::Goes] {
            check(&a, &a, false, newer, Deed::Nothing);
            check(&a, &b, false, newer, Deed::Compare);
            check(&a, &longer, true, newer, Deed::Change);
            check(&a, &None, false, newer, Deed::Return);
            check(&a, &None, true, newer, Deed::MoveBack);
            check(&dir, &None, true, newer, Deed::MoveBack);
            check(&dir, &dir, true, newer, Deed::Into);
            check(&a, &dir, true, newer, Deed::Replace);
            check(&dir, &a, false, newer, Deed::Replace);
            for other in [&None, &a, &dir] {
                check(&socket, other, false, newer, Deed::Leave);
                check(other, &socket, true, newer, Deed::Leave);
            }
            check(&None, &None, false, newer, Deed::Nothing);
        }
        check(&None, &a, false, Newer::Stays, Deed::Keep);
        check(&None, &dir, false, Newer::Goes, Deed::Discard);
    }
}
