/// An address on this server. It begins with `/` and is made of segments and parameters that are percent-encoded here,
/// so that `javascript:` and another host cannot be one.
package struct Link: Sendable, Equatable, CustomStringConvertible {
    package private(set) var text: String

    /// - Parameter path: a path of ours, as it is; names are appended with `/`.
    package init(_ path: StaticString) {
        self.text = "\(path)"
        precondition(self.text.hasPrefix("/") && !self.text.hasPrefix("//"), "a link begins with one slash")
    }

    private init(text: String) { self.text = text }

    /// A place on the same page.
    package static func onPage(_ id: String) -> Link { Link(text: "#" + Self.encoded(id)) }

    package var description: String { self.text }

    /// One more segment of the path.
    package static func / (link: Link, segment: String) -> Link {
        var link = link
        if link.text != "/" { link.text += "/" }
        link.text += Self.encoded(segment)
        return link
    }

    /// One more parameter of the query; a value of `nil` or none is left out.
    package func with(_ name: StaticString, _ value: String?) -> Link {
        guard let value, !value.isEmpty else { return self }
        var link = self
        link.text += self.text.contains("?") ? "&" : "?"
        link.text += "\(name)=" + Self.encoded(value)
        return link
    }

    private static func encoded(_ text: String) -> String {
        var bytes: [UInt8] = []
        for byte in text.utf8 {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "-"), UInt8(ascii: "_"), UInt8(ascii: "~"),
                UInt8(ascii: "."):
                bytes.append(byte)
            default:
                bytes.append(UInt8(ascii: "%"))
                bytes.append(Self.digit(byte >> 4))
                bytes.append(Self.digit(byte & 15))
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func digit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "A") + value - 10
    }
}
