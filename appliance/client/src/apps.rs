//! Apps: one method an operation.

use croft_api::wire::{
    apps::{AppList, AppLog, AppLogQuery, AppSecrets, AppView, InstallApp, InstallPlan},
    catalogs::{CatalogApps, CatalogList, CatalogView, SealCatalog, StorePage, StoreQuery},
};
use croft_model::AppId;
use http::Method;

use crate::{Client, ClientError, send::Call};

impl Client {
    /// The apps of the box, and whether apps can run there.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn apps(&self) -> Result<AppList, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/apps")).await
    }

    /// One app.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-app`.
    pub async fn app(&self, app: &AppId) -> Result<AppView, ClientError> {
        self.json(Call::new(Method::GET, &format!("/api/v1/apps/{app}"))).await
    }

    /// Begins to install an app, or says what that would mean.
    ///
    /// # Errors
    /// See [`ClientError`]; `app-refused`, `app-permission-needed`, `app-value-refused`.
    pub async fn install_app(&self, order: &InstallApp, dry_run: bool) -> Result<InstallPlan, ClientError> {
        self.json(Call::new(Method::POST, "/api/v1/apps").query("dry_run", dry_run).json(order)?).await
    }

    /// Takes an app away. What it kept stays.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-app`, `app-at-work`.
    pub async fn uninstall_app(&self, app: &AppId) -> Result<(), ClientError> {
        self.send(Call::new(Method::DELETE, &format!("/api/v1/apps/{app}"))).await.map(drop)
    }

    /// Ends all parts of an app and starts them again.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-app`, `app-at-work`.
    pub async fn restart_app(&self, app: &AppId) -> Result<(), ClientError> {
        self.send(Call::new(Method::POST, &format!("/api/v1/apps/{app}/restart"))).await.map(drop)
    }

    /// The last lines that an app wrote.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-app`.
    pub async fn app_log(&self, app: &AppId, wish: &AppLogQuery) -> Result<AppLog, ClientError> {
        let path = format!("/api/v1/apps/{app}/log");
        let mut call = Call::new(Method::GET, &path);
        if let Some(service) = &wish.service {
            call = call.query("service", service);
        }
        if let Some(tail) = wish.tail {
            call = call.query("tail", tail);
        }
        if let Some(search) = &wish.search {
            call = call.query("search", search);
        }
        self.json(call).await
    }

    /// What a person needs to sign in to an app.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-app`.
    pub async fn app_secrets(&self, app: &AppId) -> Result<AppSecrets, ClientError> {
        self.json(Call::new(Method::GET, &format!("/api/v1/apps/{app}/secrets"))).await
    }
}

/// The store.
impl Client {
    /// The catalogues of the box.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn catalogs(&self) -> Result<CatalogList, ClientError> {
        self.json(Call::new(Method::GET, "/api/v1/catalogs")).await
    }

    /// Hands apps of an edition over.
    ///
    /// # Errors
    /// See [`ClientError`]; `app-spec-invalid`, `catalogs-full`.
    pub async fn put_catalog(&self, catalog: &str, apps: &CatalogApps) -> Result<(), ClientError> {
        self.send(Call::new(Method::PUT, &format!("/api/v1/catalogs/{}/apps", segment(catalog))).json(apps)?).await.map(drop)
    }

    /// Shows an edition in place of the one before.
    ///
    /// # Errors
    /// See [`ClientError`]; `catalog-empty`.
    pub async fn seal_catalog(&self, catalog: &str, seal: &SealCatalog) -> Result<CatalogView, ClientError> {
        self.json(Call::new(Method::POST, &format!("/api/v1/catalogs/{}/seal", segment(catalog))).json(seal)?).await
    }

    /// Removes a catalogue.
    ///
    /// # Errors
    /// See [`ClientError`]; `no-such-catalog`.
    pub async fn remove_catalog(&self, catalog: &str) -> Result<(), ClientError> {
        self.send(Call::new(Method::DELETE, &format!("/api/v1/catalogs/{}", segment(catalog)))).await.map(drop)
    }

    /// A page of the apps of all catalogues.
    ///
    /// # Errors
    /// See [`ClientError`].
    pub async fn store(&self, query: &StoreQuery) -> Result<StorePage, ClientError> {
        let mut call = Call::new(Method::GET, "/api/v1/catalogs/apps");
        if let Some(search) = &query.search {
            call = call.query("search", search);
        }
        if let Some(category) = &query.category {
            call = call.query("category", category);
        }
        if let Some(from) = query.from {
            call = call.query("from", from);
        }
        if let Some(limit) = query.limit {
            call = call.query("limit", limit);
        }
        self.json(call).await
    }
}

/// A name as one piece of a path: what could be no catalogue's name is asked for as one that there never is.
fn segment(name: &str) -> &str {
    if !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') { name } else { "-" }
}
