internal import CLinux
internal import Glibc

/// Who may do what with a file.
package enum FileRights {
    /// The rights as chmod(1) numbers them, links followed; nil where there is no such file.
    package static func mode(of path: String) -> UInt32? {
        var status = stat()
        // Safe because stat(2) fills the structure and nothing else.
        guard unsafe stat(path, &status) == 0 else { return nil }
        return status.st_mode & 0o7777
    }
}
