//! A network that is slow, or breaks.

use std::{net::SocketAddr, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpListener, TcpStream},
    sync::watch,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Network {
    Whole,
    /// Everything arrives half a second late.
    Slow,
    /// No connection comes about, and those there were are cut.
    Cut,
    /// What is sent arrives, and no answer ever comes back.
    HalfClosed,
}

/// Stands between a program and a server on this machine.
pub struct Proxy {
    pub address: SocketAddr,
    network: watch::Sender<Network>,
}

impl Proxy {
    pub async fn to(server: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (network, state) = watch::channel(Network::Whole);
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                tokio::spawn(carry(client, server, state.clone()));
            }
        });
        Self { address, network }
    }

    /// From now on, for old and new connections.
    pub fn becomes(&self, network: Network) {
        self.network.send_replace(network);
    }
}

async fn carry(client: TcpStream, server: SocketAddr, network: watch::Receiver<Network>) {
    if *network.borrow() == Network::Cut {
        return;
    }
    let Ok(server) = TcpStream::connect(server).await else {
        return;
    };
    let (client_sends, client_hears) = client.into_split();
    let (server_sends, server_hears) = server.into_split();
    let mut is_cut = network.clone();
    tokio::select! {
        () = async {
            tokio::join!(
                pass(client_sends, server_hears, network.clone(), false),
                pass(server_sends, client_hears, network, true),
            );
        } => {}
        _ = is_cut.wait_for(|network| *network == Network::Cut) => {}
    }
}

async fn pass(
    mut from: impl AsyncRead + Unpin,
    mut to: impl AsyncWrite + Unpin,
    network: watch::Receiver<Network>,
    is_answer: bool,
) {
    let mut buffer = vec![0; 64 << 10];
    while let Ok(length @ 1..) = from.read(&mut buffer).await {
        let now = *network.borrow();
        match now {
            Network::Slow => tokio::time::sleep(Duration::from_millis(500)).await,
            Network::HalfClosed if is_answer => break,
            _ => {}
        }
        if to.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
    to.shutdown().await.ok();
}
