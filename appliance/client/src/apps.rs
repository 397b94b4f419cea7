//! Apps: one method an operation.

use croft_api::wire::apps::{AppList, AppLog, AppLogQuery, AppSecrets, AppView, InstallApp, InstallPlan};
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
