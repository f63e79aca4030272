internal import FoundationEssentials

/// A small file of `/proc` or `/sys`.
enum SystemFile {
    /// Its text, or `nil` when it cannot be read.
    static func text(_ path: String) -> String? {
        FileManager.default.contents(atPath: path).map { String(decoding: $0, as: UTF8.self) }
    }
}
