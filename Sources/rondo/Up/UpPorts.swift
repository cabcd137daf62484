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
        let registry = UpSettings.registryAddress
        let addresses = [registry] + (1...settings.servers).map(settings.serverAddress)
        var faults = fault(Endpoint(registry, ServerConfiguration.defaultDNSPort), "is taken")
        for address in addresses {
            faults += fault(Endpoint(address, ServerConfiguration.defaultPeerPort), "is taken")
            faults += fault(Endpoint(address, settings.httpPort), "is taken; give another --http-port, or")
        }
        if !faults.isEmpty { throw Faults(faults) }
    }

    private func fault(_ endpoint: Endpoint, _ taken: String) -> [Fault] {
        do throws(StreamError) {
            try network.listen(on: endpoint) { $0.close() }.close()
            return []
        } catch .failed(EADDRINUSE) {
            let end = taken.hasSuffix("or") ? "stop the program that has it" : "; stop the program that has it"
            return [.failed("\(endpoint) \(taken)\(taken.hasSuffix("or") ? " " : "")\(end), perhaps another rondo up")]
        } catch {
            return [.failed("\(endpoint) cannot be listened on (\(error))")]
        }
    }
}
