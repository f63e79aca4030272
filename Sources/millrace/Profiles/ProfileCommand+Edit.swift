internal import ArgumentParser
internal import CommandCore
internal import FoundationEssentials
internal import Glibc

extension ProfileCommand {
    struct Edit: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Change the file of profiles with your editor.",
            discussion: """
                Runs $VISUAL or $EDITOR (else vi) on a copy. The file is replaced when the copy can be read; what is \
                wrong is said otherwise, and the copy stays for another attempt.
                """
        )

        func run() async throws {
            try await Reporting.run {
                let file = ProfileFile.standard
                let book = try file.read()
                let copy = ProfileFile(path: file.path + ".edit.yaml")
                if FileManager.default.contents(atPath: copy.path) == nil { try copy.write(book) }
                let environment = ProcessInfo.processInfo.environment
                let editor = environment["VISUAL"] ?? environment["EDITOR"] ?? "vi"
                guard Self.run(editor, copy.path) else { throw Failure("\(editor) failed; nothing was changed") }
                guard let data = FileManager.default.contents(atPath: copy.path) else {
                    throw Failure("\(copy.path) is gone; nothing was changed")
                }
                do {
                    _ = try copy.parse(data)
                } catch {
                    throw Failure("\(error); nothing was changed: run `millrace profile edit` again")
                }
                // As it was written, with its comments.
                try file.write(text: String(decoding: data, as: UTF8.self))
                unlink(copy.path)
                try ResultOutput.write("changed \(file.path)\n")
            }
        }

        /// Runs the editor by a shell, because the variable may have options, and waits for its end.
        private static func run(_ editor: String, _ path: String) -> Bool {
            var child = pid_t()
            let words = ["/bin/sh", "-c", editor + " \"$1\"", "sh", path]
            var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) }
            arguments.append(nil)
            defer { for argument in arguments { free(argument) } }
            guard posix_spawn(&child, "/bin/sh", nil, nil, arguments, environ) == 0 else { return false }
            var status: Int32 = 0
            while waitpid(child, &status, 0) < 0, errno == EINTR {}
            return status == 0
        }
    }
}
