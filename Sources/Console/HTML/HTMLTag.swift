/// The elements that pages are made of. `script` is not among them: pages name their scripts in `PageFrame` alone.
package enum HTMLTag: String, Sendable {
    case a, article, aside, b, body, br, button, caption, code, col, dd, details, dialog, div, dl, dt, em, fieldset,
        figcaption
    case figure, footer, form, h1, h2, h3, head, header, hr, html, input, kbd, label, legend, li, link, main, meta,
        meter, nav
    case noscript, ol, optgroup, option, output, p, pre, progress, section, select, small, span, strong, style, summary
    case table, tbody, td, template, textarea, tfoot, th, thead, time, title, tr, ul
    // What the modules in `Web/` define.
    case liveRegion = "mr-live"
    case sortTable = "mr-table"
    case jsonTree = "mr-json"
    case recordScan = "mr-records"
    // Pictures.
    case svg, g, path, circle, line, polyline, rect, svgText = "text"

    /// Elements without an end tag.
    var isVoid: Bool {
        switch self {
        case .br, .col, .hr, .input, .link, .meta: true
        default: false
        }
    }
}
