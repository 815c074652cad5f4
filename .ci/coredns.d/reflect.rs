//! Sends every DNS question back as its answer, on port 53 of every address: what remains is the network and the client.
use std::{
    io::ErrorKind,
    net::{Ipv6Addr, UdpSocket},
    thread,
};

fn main() -> std::io::Result<()> {
    let socket = UdpSocket::bind((Ipv6Addr::UNSPECIFIED, 53))?;
    println!("reflecting");
    let threads: Vec<_> = (0..2).map(|_| socket.try_clone()).collect::<Result<_, _>>()?;
    let threads: Vec<_> = threads.into_iter().map(|s| thread::spawn(move || reflect(&s))).collect();
    threads.into_iter().try_for_each(|t| t.join().expect("the loop does not panic"))
}

fn reflect(socket: &UdpSocket) -> std::io::Result<()> {
    let mut packet = [0; 512];
    loop {
        let (length, from) = socket.recv_from(&mut packet)?;
        if length > 2 {
            packet[2] |= 0x80;
        }
        match socket.send_to(&packet[..length], from) {
            Err(e) if !matches!(e.kind(), ErrorKind::ConnectionRefused) => return Err(e),
            _ => {}
        }
    }
}
