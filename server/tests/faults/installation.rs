//! Several programs that are one installation, and what they share.

use std::{
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use crate::{
    postgres::empty_database,
    program::{Program, free_port},
};

/// What replicas share.
pub struct Shared {
    pub database: String,
    pub redis: Redis,
    pub redis_address: String,
    pub bucket: String,
    pub s3: String,
}

/// A Redis of one test.
pub struct Redis {
    port: u16,
    process: Child,
}

impl Redis {
    fn start() -> Self {
        let port = free_port();
        Self {
            port,
            process: Self::process(port),
        }
    }

    fn process(port: u16) -> Child {
        let process = Command::new("redis-server")
            .args([
                "--port",
                &port.to_string(),
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--appendonly",
                "no",
            ])
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server is installed by scripts/setup.sh test");
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(begun.elapsed() < Duration::from_secs(20));
            std::thread::sleep(Duration::from_millis(20));
        }
        process
    }

    pub fn kill(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    pub fn start_again(&mut self) {
        self.process = Self::process(self.port);
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Shared {
    pub async fn new() -> Self {
        let database = empty_database().await;
        let (_, name) = database.rsplit_once('/').unwrap();
        let redis = Redis::start();
        Self {
            redis_address: format!("127.0.0.1:{}", redis.port),
            redis,
            bucket: format!("s3://tests/{name}"),
            database,
            s3: std::env::var("TEST_S3_URL").expect("TEST_S3_URL is set by scripts/servers.sh"),
        }
    }

    pub fn replica(&self, role: &str, more: &[(&str, &str)]) -> Program {
        let redis = format!("redis://{}", self.redis_address);
        let settings = [
            ("HYPERION_DATABASE_URL", &*self.database),
            ("HYPERION_REDIS_URL", &redis),
            ("HYPERION_ORIGINALS_URL", &self.bucket),
            ("HYPERION_SECRET_KEY", &"5e".repeat(32)),
            ("HYPERION_ALLOW_PRIVATE_ADDRESSES", "true"),
            ("HYPERION_ROLE", role),
            ("AWS_ENDPOINT_URL", &self.s3),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_REGION", "us-east-1"),
        ];
        let settings = settings.iter().chain(more);
        Program::with_settings(settings.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())))
    }

    pub fn started(&self, role: &str) -> Program {
        let mut program = self.replica(role, &[]);
        program.start();
        program
    }
}
