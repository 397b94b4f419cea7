//! The people of the household as the settings have them. Identity keeps credentials by id; names and roles come from here.

use std::{collections::BTreeMap, time::Duration};

use croft_model::{BoxSettings, Person, PersonId, Problem, Projection};
use tokio::sync::watch;

/// How long a request waits for a person whom the supervisor has just made to arrive in the projection.
const ARRIVAL: Duration = Duration::from_secs(2);
/// Days a browser stays signed in without use while the settings do not say.
const DEFAULT_IDLE_DAYS: u16 = 30;

/// The newest projection.
#[derive(Debug, Clone)]
pub(crate) struct Household(watch::Receiver<Option<Projection>>);

impl Household {
    pub(crate) fn new(projection: watch::Receiver<Option<Projection>>) -> Self {
        Self(projection)
    }

    /// What the box is called; the defaults before the first projection.
    pub(crate) fn this_box(&self) -> BoxSettings {
        self.0.borrow().as_ref().and_then(|projection| projection.this_box.clone()).unwrap_or_default()
    }

    /// The host names of the box; those of the defaults before the first projection.
    pub(crate) fn host_names(&self) -> Vec<String> {
        let default = || Projection { this_box: Some(BoxSettings::default()), ..Projection::default() }.all_names();
        self.0.borrow().as_ref().map_or_else(default, Projection::all_names)
    }

    /// Days a browser stays signed in without use.
    pub(crate) fn idle_days(&self) -> u16 {
        let projection = self.0.borrow();
        projection.as_ref().and_then(|projection| projection.door.as_ref()).map_or(DEFAULT_IDLE_DAYS, |door| door.session_idle_days)
    }

    /// Everybody; `None` before the first projection.
    pub(crate) fn people(&self) -> Option<BTreeMap<PersonId, Person>> {
        people_of(self.0.borrow().as_ref()).cloned()
    }

    /// The person with this id.
    pub(crate) fn person(&self, id: PersonId) -> Result<Option<Person>, Problem> {
        self.with_people(|people| people.get(&id).cloned())
    }

    /// The person with this name to sign in with.
    pub(crate) fn named(&self, name: &str) -> Result<Option<(PersonId, Person)>, Problem> {
        self.with_people(|people| people.iter().find(|(_, person)| person.name == name).map(|(id, person)| (*id, person.clone())))
    }

    /// The person with this name or, when nobody has it, this id; waited for when the supervisor has just made it.
    pub(crate) async fn named_or_numbered(&self, text: &str) -> Result<(PersonId, Person), Problem> {
        let id: Option<PersonId> = text.parse().ok();
        self.arriving(|people| {
            let named = people.iter().find(|(_, person)| person.name == text).map(|(id, _)| *id);
            let id = named.or(id)?;
            people.get(&id).map(|person| (id, person.clone()))
        })
        .await
    }

    /// The person with this id, waited for when the supervisor has just made it.
    pub(crate) async fn arrived(&self, id: PersonId) -> Result<Person, Problem> {
        self.arriving(|people| people.get(&id).cloned()).await
    }

    async fn arriving<T>(&self, look: impl Fn(&BTreeMap<PersonId, Person>) -> Option<T>) -> Result<T, Problem> {
        let mut projection = self.0.clone();
        let there = projection.wait_for(|projection| people_of(projection.as_ref()).is_some_and(|people| look(people).is_some()));
        // Either way the answer is what stands in the projection then.
        let _ = tokio::time::timeout(ARRIVAL, there).await;
        self.with_people(look)?.ok_or_else(|| unknown("person"))
    }

    /// Follows the changes.
    pub(crate) fn watch(&self) -> watch::Receiver<Option<Projection>> {
        self.0.clone()
    }

    fn with_people<T>(&self, look: impl FnOnce(&BTreeMap<PersonId, Person>) -> T) -> Result<T, Problem> {
        let projection = self.0.borrow();
        people_of(projection.as_ref()).map(look).ok_or_else(|| Problem::unavailable("The list of people"))
    }
}

fn people_of(projection: Option<&Projection>) -> Option<&BTreeMap<PersonId, Person>> {
    projection.and_then(|projection| projection.people.as_ref())
}

fn unknown(key: &str) -> Problem {
    Problem::new(404, "no-such-person", "Nobody of this household has this name or id.")
        .hint("`croft person list` shows everybody.")
        .key(key)
}

/// Whose capabilities are void between two lists of people: who left, and who has another name or role now.
pub(crate) fn changed(before: &BTreeMap<PersonId, Person>, after: &BTreeMap<PersonId, Person>) -> Vec<PersonId> {
    let same = |id: &PersonId, person: &Person| after.get(id).is_some_and(|now| (now.role, &now.name) == (person.role, &person.name));
    before.iter().filter(|(id, person)| !same(id, person)).map(|(id, _)| *id).collect()
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonRole, SpaceId};

    use super::*;

    fn people(list: &[(u32, &str, PersonRole)]) -> BTreeMap<PersonId, Person> {
        let person = |(number, name, role): &(u32, &str, PersonRole)| {
            let person = Person { name: (*name).into(), display_name: (*name).into(), role: *role, space: SpaceId::from_number(1) };
            (PersonId::from_number(*number), person)
        };
        list.iter().map(person).collect()
    }

    #[test]
    fn leaving_and_another_role_or_name_void_sign_ins() {
        use PersonRole::{Member, Owner};
        let before = people(&[(1, "ana", Owner), (2, "ben", Member), (3, "eva", Member), (4, "kim", Member)]);
        let after = people(&[(1, "ana", Owner), (2, "ben", Owner), (4, "kit", Member), (5, "new", Member)]);
        let ids = |numbers: &[u32]| numbers.iter().map(|number| PersonId::from_number(*number)).collect::<Vec<_>>();
        assert_eq!(changed(&before, &after), ids(&[2, 3, 4]));
        assert_eq!(changed(&before, &before), vec![]);
    }

    #[tokio::test]
    async fn nobody_is_known_before_the_first_projection() {
        let (sender, receiver) = watch::channel(None);
        let household = Household::new(receiver);
        assert_eq!(household.named("ana").unwrap_err().status, 503);
        let id = PersonId::from_number(1);
        let arriving = tokio::spawn({
            let household = household.clone();
            async move { household.arrived(id).await }
        });
        sender.send_replace(Some(Projection { people: Some(people(&[(1, "ana", PersonRole::Owner)])), ..Projection::default() }));
        assert_eq!(arriving.await.unwrap().unwrap().name, "ana");
        for text in ["ana", "p1"] {
            assert_eq!(household.named_or_numbered(text).await.unwrap().0, id);
        }
        assert_eq!(household.named_or_numbered("p2").await.unwrap_err().code, "no-such-person");
    }
}
