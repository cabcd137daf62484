import Foundation
import Linux
import Model
import Platform

/// nginx with the settings that serve it best here (`sendfile` for files, no buffering for what it passes on), one
/// worker on one core.
@Loop
final class Nginx {
    enum Duty {
        /// Serves the files of a folder, over TLS where there is a certificate.
        case files(folder: String, certificate: String?)
        /// Passes on what another one serves over TLS.
        case proxy(to: Endpoint)
    }

    let endpoint: Endpoint
    private let process: ChildProcess
    private var worker: Int32?

    init(_ duty: Duty, at endpoint: Endpoint, on cores: Cores, folder: String) async throws {
        self.endpoint = endpoint
        let home = "\(folder)/nginx-\(endpoint.port)"
        try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
        try Self.configuration(duty, endpoint, home)
            .write(toFile: home + "/nginx.conf", atomically: true, encoding: .utf8)
        process = try Command.start(
            "nginx", ["-p", home, "-e", home + "/error.log", "-c", home + "/nginx.conf"], on: cores,
            log: home + "/output.log")
        let clock = LinuxClock()
        let limit = clock.now + .seconds(10)
        while worker == nil {
            guard clock.now < limit else { throw Failure("nginx does not start; its log is in \(home)") }
            worker = Machine.children(of: process.processID).first
            await clock.sleep(for: .milliseconds(20))
        }
    }

    /// The worker, which does the work.
    var processID: Int32 { worker ?? process.processID }

    func stop() async { await Command.stop(process) }

    private static func configuration(_ duty: Duty, _ endpoint: Endpoint, _ home: String) -> String {
        """
        daemon off;
        user root;
        worker_processes 1;
        pid \(home)/nginx.pid;
        events { worker_connections 8192; multi_accept on; }
        http {
            access_log off;
            error_log \(home)/error.log;
            default_type application/octet-stream;
            client_body_temp_path \(home)/body; proxy_temp_path \(home)/proxy; fastcgi_temp_path \(home)/fastcgi;
            uwsgi_temp_path \(home)/uwsgi; scgi_temp_path \(home)/scgi;
            sendfile on; tcp_nopush on; tcp_nodelay on;
            keepalive_timeout 75; keepalive_requests 1000000000;
            open_file_cache max=10000 inactive=600s; open_file_cache_valid 600s;
            \(server(duty, endpoint))
        }

        """
    }

    /// The same cipher as Rondo's links have.
    private static let suite = "Ciphersuites TLS_AES_128_GCM_SHA256"

    private static func server(_ duty: Duty, _ endpoint: Endpoint) -> String {
        switch duty {
        case .files(let folder, nil): "server { listen \(endpoint); root \(folder); }"
        case .files(let folder, let certificate?):
            """
            ssl_certificate \(certificate)/certificate.pem; ssl_certificate_key \(certificate)/key.pem;
            ssl_protocols TLSv1.3; ssl_conf_command \(suite); ssl_session_cache shared:s:1m;
            server { listen \(endpoint) ssl; root \(folder); }
            """
        case .proxy(let other):
            """
            upstream other { server \(other); keepalive 64; keepalive_requests 1000000000; }
            server {
                listen \(endpoint);
                location / {
                    proxy_pass https://other; proxy_http_version 1.1; proxy_set_header Connection "";
                    proxy_buffering off; proxy_buffer_size 128k; proxy_busy_buffers_size 128k; proxy_buffers 8 128k;
                    proxy_ssl_protocols TLSv1.3; proxy_ssl_conf_command \(suite); proxy_ssl_session_reuse on;
                }
            }
            """
        }
    }

    /// Makes a key and a certificate that nobody checks, as nobody checks nginx's here.
    static func makeCertificate(in folder: String) async throws {
        try await Command.run(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=localhost", "-keyout", folder + "/key.pem", "-out", folder + "/certificate.pem",
            ])
    }
}
