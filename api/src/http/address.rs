//! Where a request comes from, when there are proxies in front.

use crate::config::Transport;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use ipnet::IpNet;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};

/// The other end of the connection; unknown where a request did not come by one.
pub fn peer(extensions: &Extensions) -> Option<IpAddr> {
    let peer = extensions.get::<ConnectInfo<SocketAddr>>()?;
    Some(peer.0.ip().to_canonical())
}

/// Whether the other end of the connection is a proxy of ours: only then its headers are believed.
pub fn is_by_proxy(transport: &Transport, extensions: &Extensions) -> bool {
    peer(extensions).is_some_and(|peer| is_in(&transport.trusted_proxies, peer))
}

/// Whose request it is: the other end of the connection, or whom a trusted proxy speaks for.
pub fn caller(transport: &Transport, extensions: &Extensions, headers: &HeaderMap) -> Option<IpAddr> {
    let lists = headers.get_all("x-forwarded-for").iter();
    let forwarded = lists.filter_map(|list| list.to_str().ok());
    Some(behind_proxies(
        peer(extensions)?,
        forwarded,
        &transport.trusted_proxies,
    ))
}

/// Whose budget an address has: a host has a whole /64 of IPv6.
pub fn budget(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address => address,
    }
}

/// Whether an address lies in one of the networks.
pub fn is_in(networks: &[IpNet], address: IpAddr) -> bool {
    networks.iter().any(|network| network.contains(&address))
}

/// The right-most address that is no trusted proxy: each proxy adds on the right whom it heard from, and what stands
/// further left anybody may have written.
fn behind_proxies<'a>(
    peer: IpAddr,
    forwarded: impl DoubleEndedIterator<Item = &'a str>,
    trusted: &[IpNet],
) -> IpAddr {
    let mut caller = peer;
    for entry in forwarded.flat_map(|list| list.split(',')).rev() {
        if !is_in(trusted, caller) {
            break;
        }
        match address(entry.trim()) {
            Some(address) => caller = address,
            // A proxy of ours wrote it, and does not know: the last one known is as near as we come.
            None => break,
        }
    }
    caller
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]`, `[2001:db8::1]:80`.
fn address(entry: &str) -> Option<IpAddr> {
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']'));
    let address = bare.unwrap_or(entry).parse::<IpAddr>().ok();
    let address = address.or_else(|| Some(entry.parse::<SocketAddr>().ok()?.ip()));
    address.map(|address| address.to_canonical())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_trusted_proxies_say_for_whom_they_speak() {
        let trusted = ["10.0.0.0/8", "fd00::/8"].map(|network| network.parse().unwrap());
        for (peer, forwarded, expected) in [
            // Nobody in between.
            ("192.0.2.1", vec![], "192.0.2.1"),
            ("192.0.2.1", vec!["198.51.100.7"], "192.0.2.1"),
            // One proxy, and two.
            ("10.0.0.1", vec!["198.51.100.7"], "198.51.100.7"),
            ("10.0.0.1", vec!["198.51.100.7, 10.0.0.2"], "198.51.100.7"),
            ("10.0.0.1", vec!["198.51.100.7", "10.0.0.2"], "198.51.100.7"),
            ("fd00::1", vec!["2001:db8::7"], "2001:db8::7"),
            // What the caller wrote itself stands left of what the proxy heard from.
            ("10.0.0.1", vec!["127.0.0.1, 198.51.100.7"], "198.51.100.7"),
            (
                "10.0.0.1",
                vec!["10.9.9.9, 198.51.100.7, 10.0.0.2"],
                "198.51.100.7",
            ),
            // With ports, in brackets, mapped.
            ("10.0.0.1", vec!["198.51.100.7:4711"], "198.51.100.7"),
            ("10.0.0.1", vec!["[2001:db8::7]:4711"], "2001:db8::7"),
            ("10.0.0.1", vec!["[2001:db8::7]"], "2001:db8::7"),
            ("10.0.0.1", vec!["::ffff:198.51.100.7"], "198.51.100.7"),
            // Proxies only, and what is no address.
            ("10.0.0.1", vec!["10.0.0.3, 10.0.0.2"], "10.0.0.3"),
            ("10.0.0.1", vec![""], "10.0.0.1"),
            ("10.0.0.1", vec!["198.51.100.7, unknown"], "10.0.0.1"),
            ("10.0.0.1", vec!["unknown, 10.0.0.2"], "10.0.0.2"),
        ] {
            let found = behind_proxies(peer.parse().unwrap(), forwarded.iter().copied(), &trusted);
            assert_eq!(found.to_string(), expected, "{peer} {forwarded:?}");
        }
    }

    #[test]
    fn a_host_has_one_budget_whichever_of_its_addresses_it_uses() {
        for (address, expected) in [
            ("192.0.2.1", "192.0.2.1"),
            ("2001:db8:1:2::1", "2001:db8:1:2::"),
            ("2001:db8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
            ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ] {
            assert_eq!(budget(address.parse().unwrap()).to_string(), expected);
        }
    }

    #[test]
    fn a_peer_is_known_by_its_own_family() {
        let mut extensions = Extensions::new();
        assert_eq!(peer(&extensions), None);
        extensions.insert(ConnectInfo(
            "[::ffff:192.0.2.1]:80".parse::<SocketAddr>().unwrap(),
        ));
        assert_eq!(peer(&extensions), Some("192.0.2.1".parse().unwrap()));
    }
}
