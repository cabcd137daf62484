import Foundation
import Model

/// A disk that keeps apart what has been synced and what has not, fed with what a program did to it.
///
/// It promises what POSIX does and nothing more: a file's contents are there after its own sync, its name after that of
/// its folder (after Pillai et al., "All File Systems Are Not Created Equal", OSDI 2014). Names of one folder change in
/// order, as journals see to; contents that were not synced are there, or not, or in part.
struct TracedDisk {
    /// What the end of the process takes with it.
    enum Loss: Hashable, CaseIterable {
        /// `kill -9`: all that was written stays.
        case nothing
        /// The power goes, and nothing reached the disk that was not synced.
        case everythingUnsynced
        /// The power goes, and chance decides about each write; some are torn in two.
        case someUnsynced
    }

    private enum Change {
        case write(offset: Int, data: [UInt8])
        case cut(Int)
    }

    private struct File {
        var synced: [UInt8] = []
        var pending: [Change] = []
    }

    private enum Node {
        case file(Int)
        case folder
    }

    private struct NameChange {
        let name: String
        /// Nil takes the name away.
        let node: Node?
    }

    private struct Folder {
        var now: [String: Node] = [:]
        var synced: [String: Node] = [:]
        var pending: [NameChange] = []

        mutating func change(_ name: String, _ node: Node?) {
            now[name] = node
            pending.append(NameChange(name: name, node: node))
        }
    }

    struct Inconsistent: Error {
        let path: String
    }

    private let root: String
    private var files: [File] = []
    private var folders: [String: Folder]

    /// - Parameter root: a folder that the program made; what lies outside is not kept.
    init(root: String) {
        self.root = root
        folders = [root: Folder()]
    }

    mutating func apply(_ operation: DiskTrace.Operation) throws {
        switch operation {
        case .made(let path):
            files.append(File())
            try change(path, .file(files.count - 1))
        case .madeFolder(let path):
            guard path != root else { return }
            folders[path] = Folder()
            try change(path, .folder)
        case .wrote(let path, let offset, let data):
            files[try file(path)].pending.append(.write(offset: offset, data: data))
        case .cut(let path, let length): files[try file(path)].pending.append(.cut(length))
        case .synced(let path): try sync(path)
        case .renamed(let path, let other):
            let node = try node(path)
            try change(path, nil)
            try change(other, node)
        case .removed(let path): try change(path, nil)
        }
    }

    private mutating func sync(_ path: String) throws {
        if let folder = folders[path] {
            folders[path]?.synced = folder.now
            folders[path]?.pending = []
        } else if path.hasPrefix(root + "/") {
            let index = try file(path)
            for change in files[index].pending { Self.apply(change, to: &files[index].synced) }
            files[index].pending = []
        }
    }

    private func parted(_ path: String) -> (folder: String, name: String) {
        let slash = path.lastIndex(of: "/") ?? path.startIndex
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    private mutating func change(_ path: String, _ node: Node?) throws {
        let (folder, name) = parted(path)
        guard folders[folder] != nil else { throw Inconsistent(path: path) }
        folders[folder]?.change(name, node)
    }

    private func node(_ path: String) throws -> Node {
        let (folder, name) = parted(path)
        guard let node = folders[folder]?.now[name] else { throw Inconsistent(path: path) }
        return node
    }

    private func file(_ path: String) throws -> Int {
        guard case .file(let index) = try node(path) else { throw Inconsistent(path: path) }
        return index
    }

    private static func apply(_ change: Change, to bytes: inout [UInt8]) {
        switch change {
        case .write(let offset, let data):
            if bytes.count < offset + data.count {
                bytes += Array(repeating: 0, count: offset + data.count - bytes.count)
            }
            bytes.replaceSubrange(offset..<offset + data.count, with: data)
        case .cut(let length):
            bytes = Array(bytes.prefix(length)) + Array(repeating: 0, count: max(0, length - bytes.count))
        }
    }
}

extension TracedDisk {
    /// Writes what would be found after the end of the process into `folder`, which is empty.
    func write(to folder: String, after loss: Loss, seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        try write(root, to: folder, loss, &generator)
    }

    private func write(_ path: String, to target: String, _ loss: Loss, _ generator: inout SeededGenerator) throws {
        try FileManager.default.createDirectory(atPath: target, withIntermediateDirectories: true)
        for (name, node) in names(of: path, loss, &generator).sorted(by: { $0.key < $1.key }) {
            switch node {
            case .folder: try write("\(path)/\(name)", to: "\(target)/\(name)", loss, &generator)
            case .file(let index):
                let bytes = contents(of: files[index], loss, &generator)
                try Data(bytes).write(to: URL(filePath: "\(target)/\(name)"))
                try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: "\(target)/\(name)")
            }
        }
    }

    private func names(of path: String, _ loss: Loss, _ generator: inout SeededGenerator) -> [String: Node] {
        guard let folder = folders[path] else { return [:] }
        switch loss {
        case .nothing: return folder.now
        case .everythingUnsynced: return folder.synced
        case .someUnsynced:
            var names = folder.synced
            for change in folder.pending.prefix(Int.random(in: 0...folder.pending.count, using: &generator)) {
                names[change.name] = change.node
            }
            return names
        }
    }

    private func contents(of file: File, _ loss: Loss, _ generator: inout SeededGenerator) -> [UInt8] {
        var bytes = file.synced
        if loss == .everythingUnsynced { return bytes }
        for change in file.pending {
            guard loss == .someUnsynced else {
                Self.apply(change, to: &bytes)
                continue
            }
            switch (Int.random(in: 0..<3, using: &generator), change) {
            case (0, _): Self.apply(change, to: &bytes)
            case (1, .write(let offset, let data)):
                // Disks write whole sectors.
                let sectors = Int.random(in: 0...data.count / 512, using: &generator)
                Self.apply(.write(offset: offset, data: Array(data.prefix(sectors * 512))), to: &bytes)
            default: break
            }
        }
        return bytes
    }
}
