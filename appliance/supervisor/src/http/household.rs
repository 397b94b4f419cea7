//! `/api/v1/people` and `/api/v1/spaces`: what hands out ids.

use std::sync::Arc;

use axum::{Extension, Json as Answer, extract::State};
use croft_api::{
    body::{JsonBody, TypedQuery},
    problem::ApiError,
    wire::{
        household::{NewPerson, NewSpace, PersonEntry, SpaceEntry},
        settings::{ChangeQuery, Changed},
    },
};
use croft_model::{Claims, PersonId, Problem, Right, Settings, Space, SpaceId, SpaceKind};
use http::StatusCode;

use super::{extract::Id, on_disk, settings::wish};
use crate::{desired::Seen, household, regulator::Regulator};

type Croft = State<Arc<Regulator>>;

/// The people of the household.
#[utoipa::path(get, path = "/api/v1/people", operation_id = "people_list", tag = "people",
    responses((status = 200, body = Vec<PersonEntry>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list_people(State(croft): Croft) -> Answer<Vec<PersonEntry>> {
    let now = croft.desired.now();
    Answer(now.settings.people.keys().filter_map(|id| person_entry(&now.settings, *id)).collect())
}

/// Adds a person with a space of their own.
#[utoipa::path(post, path = "/api/v1/people", operation_id = "people_add", tag = "people", request_body = NewPerson,
    responses((status = 201, body = PersonEntry), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add_person(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    JsonBody(new): JsonBody<NewPerson>,
) -> Result<(StatusCode, Answer<PersonEntry>), ApiError> {
    let wish = wish(&claims, ChangeQuery::default(), Seen::Whatever);
    let entry = on_disk(move || {
        let (_, id) = croft.desired.change(&wish, |now| household::add_person(now, &new))?;
        person_entry(&croft.desired.now().settings, id).ok_or_else(Problem::internal)
    });
    Ok((StatusCode::CREATED, Answer(entry.await?)))
}

/// Removes a person. The person's space is archived; the last owner stays.
#[utoipa::path(delete, path = "/api/v1/people/{id}", operation_id = "people_remove", tag = "people",
    params(("id" = String, Path, description = "The person's id."), ChangeQuery),
    responses((status = 200, body = Changed), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove_person(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    Id(id): Id<PersonId>,
    TypedQuery(query): TypedQuery<ChangeQuery>,
) -> Result<Answer<Changed>, ApiError> {
    let wish = wish(&claims, query, Seen::Whatever);
    let at = wish.author.at;
    let changed = on_disk(move || Ok(croft.desired.change(&wish, |now| Ok((household::remove_person(now, id, at)?, ())))?.0));
    Ok(Answer(changed.await?))
}

/// The spaces that the asker may read; all of them for the console.
#[utoipa::path(get, path = "/api/v1/spaces", operation_id = "spaces_list", tag = "spaces",
    responses((status = 200, body = Vec<SpaceEntry>), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list_spaces(State(croft): Croft, Extension(claims): Extension<Claims>) -> Answer<Vec<SpaceEntry>> {
    let now = croft.desired.now();
    // Disks that are used as they are stand in a list of their own.
    let trees = now.settings.spaces.iter().filter(|(_, space)| space.kind != SpaceKind::Disk);
    let entries = trees.filter_map(|(id, space)| match claims.person() {
        Some(person) => space.right_of(person).map(|right| space_entry(*id, space, Some(right))),
        None => Some(space_entry(*id, space, None)),
    });
    Answer(entries.collect())
}

/// Adds a shared space.
#[utoipa::path(post, path = "/api/v1/spaces", operation_id = "spaces_add", tag = "spaces", request_body = NewSpace,
    responses((status = 201, body = SpaceEntry), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add_space(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    JsonBody(new): JsonBody<NewSpace>,
) -> Result<(StatusCode, Answer<SpaceEntry>), ApiError> {
    let wish = wish(&claims, ChangeQuery::default(), Seen::Whatever);
    let entry = on_disk(move || {
        let (_, id) = croft.desired.change(&wish, |now| household::add_space(now, &new))?;
        let now = croft.desired.now();
        let right = claims.person().and_then(|person| now.settings.right_of(person, id));
        now.settings.spaces.get(&id).map(|space| space_entry(id, space, right)).ok_or_else(Problem::internal)
    });
    Ok((StatusCode::CREATED, Answer(entry.await?)))
}

fn person_entry(settings: &Settings, id: PersonId) -> Option<PersonEntry> {
    let person = settings.people.get(&id)?.clone();
    Some(PersonEntry { id, name: person.name, display_name: person.display_name, role: person.role, space: person.space })
}

fn space_entry(id: SpaceId, space: &Space, right: Option<Right>) -> SpaceEntry {
    let Space { name, kind, members, archived_at, .. } = space.clone();
    SpaceEntry { id, name, kind, right, members, archived_at }
}
