//! `hyperion user`: accounts, from the machine that holds them, for when nobody can sign in any more.

use std::process::ExitCode;

use api::{PageQuery, Role, UpdateUser, User};
use store::{NewUser, Schema, Store};

use super::{Failure, output, password::new_password};
use crate::{
    accounts::{
        passwords,
        sign_up::{check_email, check_name},
    },
    config::Config,
    data_folder::{self, FolderError},
};

#[derive(clap::Subcommand)]
pub enum UserCommand {
    /// Create a user; the password is asked for, or read from standard input
    Add {
        /// What the user signs in with
        email: String,
        /// What others see; the e-mail address unless given
        #[arg(long)]
        name: Option<String>,
        /// Make the user an administrator; the first user is one anyway
        #[arg(long)]
        admin: bool,
    },
    /// Give a user a new password, which is asked for or read from standard input, and end all their sessions
    ResetPassword {
        /// What the user signs in with
        email: String,
    },
    /// List all users
    List {
        /// Print each user as a line of JSON
        #[arg(long)]
        json: bool,
    },
}

impl UserCommand {
    /// Works beside a running server: each command is one transaction, and the server remembers nothing of accounts.
    pub async fn run(self, config: Config) -> Result<ExitCode, Failure> {
        let store = open(&config).await?;
        let done = match self {
            Self::Add { email, name, admin } => add(&store, &email, name.as_deref(), admin).await,
            Self::ResetPassword { email } => reset_password(&store, &email).await,
            Self::List { json } => list(&store, json).await,
        };
        store.close().await;
        done.map(|()| ExitCode::SUCCESS)
    }
}

/// Opens the database. While a server runs on it, its schema is left alone.
async fn open(config: &Config) -> Result<Store, Failure> {
    let database = config.database();
    // Held until the schema is right, so that no server starts meanwhile.
    let lock = match data_folder::lock(&config.data_dir, "hyperion user") {
        Ok(lock) => Some(lock),
        Err(FolderError::Held { .. }) if Store::schema(&database).await? == Schema::Current => None,
        Err(error) => return Err(error.into()),
    };
    let store = Store::open(&database).await?;
    drop(lock);
    Ok(store)
}

async fn add(store: &Store, email: &str, name: Option<&str>, admin: bool) -> Result<(), Failure> {
    let email = check_email(email).map_err(|error| error.0)?;
    let name = check_name(name.unwrap_or(&email)).map_err(|error| error.0)?;
    if store.user_by_email(&email).await?.is_some() {
        return Err(format!(
            "{email} has an account already: `hyperion user reset-password {email}` gives it a new password"
        )
        .into());
    }
    let password = new_password(&email)?;
    passwords::check_strength(&password, &[&email, &name]).map_err(|error| error.0)?;
    let hash = passwords::hash(password).await.map_err(|error| error.0)?;
    let new = NewUser {
        email: &email,
        name: &name,
        password_hash: &hash,
        role: admin.then_some(Role::Admin),
    };
    let user = store.create_user(new).await?;
    output::print_line(format_args!("{} can sign in now, as {}", user.email, role(&user)));
    Ok(())
}

async fn reset_password(store: &Store, email: &str) -> Result<(), Failure> {
    let found = store.user_by_email(email.trim()).await?;
    let user = found
        .ok_or_else(|| format!("nobody here has the e-mail address {email}: `hyperion user list` shows who does"))?
        .user;
    let password = new_password(&user.email)?;
    passwords::check_strength(&password, &[&user.email, &user.name]).map_err(|error| error.0)?;
    let hash = passwords::hash(password).await.map_err(|error| error.0)?;
    store.update_user(user.id, &UpdateUser::default(), Some(&hash)).await?;
    output::print_line(format_args!(
        "{} has a new password; all their sessions have ended",
        user.email
    ));
    if user.disabled {
        output::print_line("The account is disabled: an administrator can enable it");
    }
    Ok(())
}

async fn list(store: &Store, json: bool) -> Result<(), Failure> {
    let mut query = PageQuery::default();
    loop {
        let page = store.users(&query).await?;
        for user in page.items {
            if json {
                output::print_line(serde_json::to_string(&user)?);
            } else {
                let disabled = if user.disabled { ", disabled" } else { "" };
                output::print_line(format_args!("{}\t{}{disabled}\t{}", user.email, role(&user), user.name));
            }
        }
        if page.next_cursor.is_none() {
            return Ok(());
        }
        query.cursor = page.next_cursor;
    }
}

fn role(user: &User) -> &'static str {
    match user.role {
        Role::Admin => "admin",
        Role::Member => "member",
    }
}
