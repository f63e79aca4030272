/// Where an `Authorization` header has the values that matter; empty where it has none.
///
/// Parts are separated by commas and spaces, and the first one is the algorithm. Of a name given twice the last counts.
struct AuthorizationValues {
    private(set) var credential = 0..<0
    private(set) var signature = 0..<0
    private(set) var signedHeaders = 0..<0

    init(_ header: UnsafeBufferPointer<UInt8>) {
        var isAlgorithm = true
        var index = 0
        while index < header.count {
            guard !Self.isSeparator(header[index]) else {
                index += 1
                continue
            }
            let start = index
            while index < header.count, !Self.isSeparator(header[index]) { index += 1 }
            if !isAlgorithm { self.read(header, start..<index) }
            isAlgorithm = false
        }
    }

    var areComplete: Bool { !self.credential.isEmpty && !self.signature.isEmpty && !self.signedHeaders.isEmpty }

    private static func isSeparator(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: ",") || byte == UInt8(ascii: " ")
    }

    private mutating func read(_ header: UnsafeBufferPointer<UInt8>, _ part: Range<Int>) {
        guard let equals = header[part].firstIndex(of: UInt8(ascii: "=")) else { return }
        let name = header[part.lowerBound..<equals]
        let value = (equals + 1)..<part.upperBound
        if name.elementsEqual("Credential".utf8) {
            self.credential = value
        } else if name.elementsEqual("Signature".utf8) {
            self.signature = value
        } else if name.elementsEqual("SignedHeaders".utf8) {
            self.signedHeaders = value
        }
    }
}
