/// One attribute of an element.
///
/// There is none that runs code (`onclick`) or that the content security policy would refuse (`style`), and addresses
/// come from a `Link` only, so that no value, however hostile, is more than a value.
package struct HTMLAttribute: Sendable {
    let name: StaticString
    /// What is added to the name; of `data` and `aria`.
    let prefix: StaticString
    /// `nil`: the name alone, as of `required`.
    let value: String?

    private init(_ name: StaticString, _ value: String?, prefix: StaticString = "") {
        self.name = name
        self.value = value
        self.prefix = prefix
    }

    package static func id(_ value: String) -> HTMLAttribute { HTMLAttribute("id", value) }
    package static func `class`(_ value: String) -> HTMLAttribute { HTMLAttribute("class", value) }
    package static func href(_ link: Link) -> HTMLAttribute { HTMLAttribute("href", link.text) }
    package static func action(_ link: Link) -> HTMLAttribute { HTMLAttribute("action", link.text) }
    package static func rel(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("rel", "\(value)") }
    package static func type(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("type", "\(value)") }
    package static func name(_ value: String) -> HTMLAttribute { HTMLAttribute("name", value) }
    package static func value(_ value: String) -> HTMLAttribute { HTMLAttribute("value", value) }
    package static func content(_ value: String) -> HTMLAttribute { HTMLAttribute("content", value) }
    package static func placeholder(_ value: String) -> HTMLAttribute { HTMLAttribute("placeholder", value) }
    package static func title(_ value: String) -> HTMLAttribute { HTMLAttribute("title", value) }
    package static func role(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("role", "\(value)") }
    package static func lang(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("lang", "\(value)") }
    package static func charset(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("charset", "\(value)") }
    package static func scope(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("scope", "\(value)") }
    package static func method(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("method", "\(value)") }
    package static func datetime(_ value: String) -> HTMLAttribute { HTMLAttribute("datetime", value) }
    package static func `for`(_ value: String) -> HTMLAttribute { HTMLAttribute("for", value) }
    package static func autocomplete(_ value: StaticString) -> HTMLAttribute {
        HTMLAttribute("autocomplete", "\(value)")
    }
    package static func inputmode(_ value: StaticString) -> HTMLAttribute { HTMLAttribute("inputmode", "\(value)") }
    package static func tabindex(_ value: Int) -> HTMLAttribute { HTMLAttribute("tabindex", "\(value)") }
    package static func colspan(_ value: Int) -> HTMLAttribute { HTMLAttribute("colspan", "\(value)") }
    package static func rows(_ value: Int) -> HTMLAttribute { HTMLAttribute("rows", "\(value)") }
    package static func min(_ value: Int) -> HTMLAttribute { HTMLAttribute("min", "\(value)") }
    package static func max(_ value: Int) -> HTMLAttribute { HTMLAttribute("max", "\(value)") }
    package static let required = HTMLAttribute("required", nil)
    package static let checked = HTMLAttribute("checked", nil)
    package static let selected = HTMLAttribute("selected", nil)
    package static let disabled = HTMLAttribute("disabled", nil)
    package static let hidden = HTMLAttribute("hidden", nil)
    package static let open = HTMLAttribute("open", nil)
    package static let autofocus = HTMLAttribute("autofocus", nil)
    package static func data(_ name: StaticString, _ value: String) -> HTMLAttribute {
        HTMLAttribute(name, value, prefix: "data-")
    }
    /// An address that a module of ours asks; a link, so that it stays on this server.
    package static func data(_ name: StaticString, _ link: Link) -> HTMLAttribute {
        HTMLAttribute(name, link.text, prefix: "data-")
    }
    package static func aria(_ name: StaticString, _ value: String) -> HTMLAttribute {
        HTMLAttribute(name, value, prefix: "aria-")
    }

    // MARK: Pictures

    package static func viewBox(_ width: Int, _ height: Int) -> HTMLAttribute {
        HTMLAttribute("viewBox", "0 0 \(width) \(height)")
    }
    package static let stretched = HTMLAttribute("preserveAspectRatio", "none")
    package static func d(_ value: String) -> HTMLAttribute { HTMLAttribute("d", value) }
    package static func points(_ value: String) -> HTMLAttribute { HTMLAttribute("points", value) }
    package static func x(_ value: Double) -> HTMLAttribute { HTMLAttribute("x", Figure.coordinate(value)) }
    package static func y(_ value: Double) -> HTMLAttribute { HTMLAttribute("y", Figure.coordinate(value)) }
    package static func x1(_ value: Double) -> HTMLAttribute { HTMLAttribute("x1", Figure.coordinate(value)) }
    package static func y1(_ value: Double) -> HTMLAttribute { HTMLAttribute("y1", Figure.coordinate(value)) }
    package static func x2(_ value: Double) -> HTMLAttribute { HTMLAttribute("x2", Figure.coordinate(value)) }
    package static func y2(_ value: Double) -> HTMLAttribute { HTMLAttribute("y2", Figure.coordinate(value)) }
    package static func cx(_ value: Double) -> HTMLAttribute { HTMLAttribute("cx", Figure.coordinate(value)) }
    package static func cy(_ value: Double) -> HTMLAttribute { HTMLAttribute("cy", Figure.coordinate(value)) }
    package static func r(_ value: Double) -> HTMLAttribute { HTMLAttribute("r", Figure.coordinate(value)) }
    package static func width(_ value: Double) -> HTMLAttribute { HTMLAttribute("width", Figure.coordinate(value)) }
    package static func height(_ value: Double) -> HTMLAttribute { HTMLAttribute("height", Figure.coordinate(value)) }
    package static let centered = HTMLAttribute("text-anchor", "middle")

    /// ` name="value"`
    func write(to bytes: inout [UInt8]) {
        bytes.append(UInt8(ascii: " "))
        Self.append(self.prefix, to: &bytes)
        Self.append(self.name, to: &bytes)
        guard let value else { return }
        bytes.append(UInt8(ascii: "="))
        bytes.append(UInt8(ascii: "\""))
        HTMLText.append(value, to: &bytes)
        bytes.append(UInt8(ascii: "\""))
    }

    private static func append(_ text: StaticString, to bytes: inout [UInt8]) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
    }
}

extension HTMLAttribute {
    /// What a form of ours sends: a method and where to.
    ///
    /// - Parameter more: behind the link, with `{field}` for what a field of the form says.
    static func data(
        _ name: StaticString,
        _ link: Link,
        method: StaticString,
        more: StaticString = ""
    ) -> HTMLAttribute {
        .data(name, "\(method) \(link.text)\(more)")
    }
}
