import Glibc
import Model
import Node
import Platform

/// Looks whether the addresses and ports of the cluster are free, before six processes trip over the same trouble.
@Loop
struct UpPorts {
    let settings: UpSettings
    let network: any Network

    /// - Throws: One fault for each port that is taken.
    func check() throws(Faults) {
        let registry = settings.base
        let addresses = [registry] + (1...settings.servers).map(settings.serverAddress)
        var faults = fault(Endpoint(registry, ServerConfiguration.defaultDNSPort), "--base")
        for address in addresses {
            faults += fault(Endpoint(address, ServerConfiguration.defaultPeerPort), "--base")
            faults += fault(Endpoint(address, settings.httpPort), "--http-port or --base")
        }
        if !faults.isEmpty { throw Faults(faults) }
    }

    private func fault(_ endpoint: Endpoint, _ option: String) -> [Fault] {
        do throws(StreamError) {
            try network.listen(on: endpoint) { $0.close() }.close()
            return []
        } catch .failed(EADDRINUSE) {
            return [.failed("\(endpoint) is taken, perhaps by another rondo up; stop that, or give another \(option)")]
        } catch {
            return [.failed("\(endpoint) cannot be listened on (\(error)); give another \(option)")]
        }
    }
}
