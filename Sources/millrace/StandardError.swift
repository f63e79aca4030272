internal import Glibc

/// Where messages for people go, so that standard output holds results only.
enum StandardError {
    static func write(_ text: String) { Descriptor.write(text, to: STDERR_FILENO) }
}

/// Where results go. Unbuffered: a line is out when this returns.
enum StandardOutput {
    static func write(_ text: String) { Descriptor.write(text, to: STDOUT_FILENO) }
}

private enum Descriptor {
    static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let written = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if written < 0, errno == EINTR { continue }
            // A closed pipe: no process reads it.
            guard written > 0 else { return }
            bytes = bytes.dropFirst(written)
        }
    }
}
