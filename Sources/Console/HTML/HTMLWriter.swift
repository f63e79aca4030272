/// Writes a page or a part of one. What is given as text stays text: there is no way to put markup in but by elements,
/// so that nothing a client sent is ever more than what a reader sees.
///
///     html(.td, .class("number")) { html in html.text("\(count)") }
///     html(.td, .class("number"), text: "\(count)")
package struct HTMLWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// What was written, for tests.
    package var string: String { String(decoding: self.bytes, as: UTF8.self) }

    /// An element with content.
    package mutating func callAsFunction(
        _ tag: HTMLTag,
        _ attributes: HTMLAttribute?...,
        content: (inout HTMLWriter) throws -> Void
    ) rethrows {
        try self(tag, attributes: attributes, content: content)
    }

    /// The same, with attributes that were gathered before.
    mutating func callAsFunction(
        _ tag: HTMLTag,
        attributes: [HTMLAttribute?],
        content: (inout HTMLWriter) throws -> Void
    ) rethrows {
        self.begin(tag, attributes)
        precondition(!tag.isVoid, "an element without an end has no content")
        try content(&self)
        self.end(tag)
    }

    /// An element with text alone.
    package mutating func callAsFunction(_ tag: HTMLTag, _ attributes: HTMLAttribute?..., text: String) {
        self.begin(tag, attributes)
        self.text(text)
        self.end(tag)
    }

    /// An element without content.
    package mutating func callAsFunction(_ tag: HTMLTag, _ attributes: HTMLAttribute?...) {
        self.begin(tag, attributes)
        if !tag.isVoid { self.end(tag) }
    }

    package mutating func text(_ text: String) { HTMLText.append(text, to: &self.bytes) }

    /// The first line of every page.
    mutating func doctype() { self.bytes.append(contentsOf: "<!doctype html>\n".utf8) }

    /// A script of ours, which the page waits for (`isModule` false) or does not.
    mutating func script(_ source: Link, isModule: Bool) {
        self.bytes.append(contentsOf: isModule ? "<script type=\"module\" src=\"".utf8 : "<script src=\"".utf8)
        HTMLText.append(source.text, to: &self.bytes)
        self.bytes.append(contentsOf: "\"></script>".utf8)
    }

    private mutating func begin(_ tag: HTMLTag, _ attributes: [HTMLAttribute?]) {
        self.bytes.append(UInt8(ascii: "<"))
        self.bytes.append(contentsOf: tag.rawValue.utf8)
        for attribute in attributes { attribute?.write(to: &self.bytes) }
        self.bytes.append(UInt8(ascii: ">"))
    }

    private mutating func end(_ tag: HTMLTag) {
        self.bytes.append(contentsOf: "</".utf8)
        self.bytes.append(contentsOf: tag.rawValue.utf8)
        self.bytes.append(UInt8(ascii: ">"))
    }
}
