internal import FoundationEssentials
internal import Glibc

/// A file that `millrace generate` makes: to standard output, or into a directory.
struct GeneratedFile {
    var name: String
    var text: String

    /// Prints one file, or writes all.
    ///
    /// - Parameter directory: created when missing; a file that is there already is left, and is an error.
    static func publish(_ files: [GeneratedFile], directory: String?) throws {
        guard let directory else {
            for file in files { try ResultOutput.write(file.text) }
            return
        }
        let paths = files.map { "\(directory)/\($0.name)" }
        for path in paths where access(path, F_OK) == 0 {
            throw Failure("\(path) is there already, and nothing is overwritten; name another --dir, or remove it")
        }
        do {
            try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
            for (file, path) in zip(files, paths) {
                try file.text.write(toFile: path, atomically: true, encoding: .utf8)
            }
        } catch {
            throw Failure("\(directory) cannot be written: \(error)")
        }
        for path in paths { try ResultOutput.write(path + "\n") }
    }

    /// A name that is part of a file as it is: letters, digits and a few signs that mean nothing in YAML or a unit.
    static func checked(_ value: String, option: String, allowing more: String = "-._/:") throws -> String {
        let isPlain = value.utf8.allSatisfy { byte in
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: more.utf8.contains(byte)
            }
        }
        guard !value.isEmpty, isPlain else {
            throw Failure("\(option) is made of letters, digits and \(more), not '\(value)'")
        }
        return value
    }
}
