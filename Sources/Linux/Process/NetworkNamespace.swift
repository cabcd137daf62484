internal import CLinux
package import Platform

/// A network that this process shares with nobody else.
package enum NetworkNamespace {
    /// Gives the event loop, with every socket that it opens and every child that it starts from now on, an empty
    /// network and mounts of its own (unshare(2)).
    ///
    /// Sockets that are open already stay where they are. The kernel removes the network with the last process and
    /// socket in it, however that ends.
    /// - Throws: `failed(EPERM)` where this user may not: namespaces need root, of the machine or of a user namespace.
    @Loop
    package static func enterNew() throws(StreamError) {
        let result = rondo_unshare_network()
        if result < 0 { throw .failed(-result) }
    }
}
