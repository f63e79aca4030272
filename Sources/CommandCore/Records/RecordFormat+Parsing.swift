extension RecordFormat {
    /// rpk's verbs, and `%s` for the value.
    package init(rpk text: String) throws(OptionError) {
        var parser = Parser(text)
        self.pieces = try parser.rpk(isHeader: false)
    }

    /// kcat's verbs: `%t %p %o %k %K %s %S %R %T %h %%`. `%T` is the timestamp there.
    package init(kcat text: String) throws(OptionError) {
        var parser = Parser(text)
        self.pieces = try parser.kcat()
    }
}

extension RecordFormat {
    private struct Parser {
        private let whole: String
        private var rest: Substring
        private var literal: [UInt8] = []
        private var pieces: [Piece] = []

        init(_ text: String) {
            self.whole = text
            self.rest = text[...]
        }

        private func error(_ reason: String) -> OptionError {
            OptionError("The format '\(self.whole)' is wrong: \(reason).")
        }

        private mutating func add(_ piece: Piece) {
            if !self.literal.isEmpty { self.pieces.append(.literal(self.literal)) }
            self.literal = []
            self.pieces.append(piece)
        }

        private mutating func finish() -> [Piece] {
            if !self.literal.isEmpty { self.pieces.append(.literal(self.literal)) }
            return self.pieces
        }

        /// The next piece of plain text, or the verb after a percent sign; `nil` at the end.
        private mutating func verb() throws(OptionError) -> Character? {
            while let character = self.rest.popFirst() {
                switch character {
                case "%":
                    guard let verb = self.rest.popFirst() else { throw self.error("it ends with %") }
                    if verb == "%" || verb == "{" || verb == "}" {
                        self.literal.append(contentsOf: String(verb).utf8)
                    } else {
                        return verb
                    }
                case "\\": try self.escape()
                default: self.literal.append(contentsOf: String(character).utf8)
                }
            }
            return nil
        }

        private mutating func escape() throws(OptionError) {
            switch self.rest.popFirst() {
            case "t": self.literal.append(9)
            case "n": self.literal.append(10)
            case "r": self.literal.append(13)
            case "\\": self.literal.append(UInt8(ascii: "\\"))
            case "x":
                guard let byte = UInt8(self.rest.prefix(2), radix: 16), self.rest.count >= 2 else {
                    throw self.error("two hexadecimal digits follow \\x")
                }
                self.rest = self.rest.dropFirst(2)
                self.literal.append(byte)
            case let other?: throw self.error("\\\(other) is not an escape; \\t \\n \\r \\\\ \\xNN are")
            case nil: throw self.error("it ends with \\")
            }
        }

        /// What is in the braces that follow, if any do. Braces within must match.
        private mutating func modifier() throws(OptionError) -> String? {
            guard self.rest.first == "{" else { return nil }
            var depth = 0
            for index in self.rest.indices {
                switch self.rest[index] {
                case "{": depth += 1
                case "}": depth -= 1
                default: break
                }
                if depth == 0 {
                    let inner = self.rest[self.rest.index(after: self.rest.startIndex)..<index]
                    self.rest = self.rest[self.rest.index(after: index)...]
                    return String(inner)
                }
            }
            throw self.error("a brace is not closed")
        }

        mutating func rpk(isHeader: Bool) throws(OptionError) -> [Piece] {
            while let verb = try self.verb() {
                let modifier = try self.modifier()
                if isHeader, !"kKvV".contains(verb) {
                    throw self.error("within %h{…} there are %k, %K, %v and %V")
                }
                switch verb {
                case "t": self.add(.text(.topic, try self.text(modifier)))
                case "k": self.add(.text(.key, try self.text(modifier)))
                case "v", "s": self.add(.text(.value, try self.text(modifier)))
                case "T": self.add(.number(.topicLength, try self.number(modifier)))
                case "K": self.add(.number(.keyLength, try self.number(modifier)))
                case "V": self.add(.number(.valueLength, try self.number(modifier)))
                case "H": self.add(.number(.headerCount, try self.number(modifier)))
                case "p": self.add(.number(.partition, try self.number(modifier)))
                case "o": self.add(.number(.offset, try self.number(modifier)))
                case "e": self.add(.number(.leaderEpoch, try self.number(modifier)))
                case "x": self.add(.number(.producerID, try self.number(modifier)))
                case "y": self.add(.number(.producerEpoch, try self.number(modifier)))
                case "i": self.add(.number(.count, try self.number(modifier)))
                case "d": self.add(try self.time(modifier))
                case "a": self.add(try self.attribute(modifier))
                case "h":
                    guard let modifier else { throw self.error("%h has a format in braces, as %h{%k=%v }") }
                    var inner = Parser(modifier)
                    self.add(.headers(try inner.rpk(isHeader: true)))
                case "[", "|", "]": throw self.error("%\(verb), an offset of the partition, cannot be printed")
                default: throw self.error("%\(verb) is not a verb; see millrace consume --help")
                }
            }
            return self.finish()
        }

        mutating func kcat() throws(OptionError) -> [Piece] {
            while let verb = try self.verb() {
                switch verb {
                case "t": self.add(.text(.topic, .raw))
                case "k": self.add(.text(.key, .raw))
                case "s": self.add(.text(.value, .raw))
                case "K": self.add(.kcatLength(.keyLength, isBinary: false))
                case "S": self.add(.kcatLength(.valueLength, isBinary: false))
                case "R": self.add(.kcatLength(.valueLength, isBinary: true))
                case "p": self.add(.number(.partition, .ascii))
                case "o": self.add(.number(.offset, .ascii))
                case "T": self.add(.number(.timestamp, .ascii))
                case "h": self.add(.kcatHeaders)
                default: throw self.error("%\(verb) is not one of kcat's: %t %p %o %k %K %s %S %R %T %h %%")
                }
            }
            return self.finish()
        }

        private func text(_ modifier: String?) throws(OptionError) -> TextFormat {
            guard let modifier else { return .raw }
            guard let format = TextFormat(rawValue: modifier), format != .raw else {
                throw self.error("{\(modifier)} is not for text; {hex}, {base64} and {base64raw} are")
            }
            return format
        }

        private func number(_ modifier: (some StringProtocol)?) throws(OptionError) -> NumberFormat {
            guard let modifier else { return .ascii }
            guard let format = NumberFormat(rawValue: String(modifier)) else {
                let known = NumberFormat.allCases.map(\.rawValue).joined(separator: ", ")
                throw self.error("{\(modifier)} is not for numbers; these are: \(known)")
            }
            return format
        }

        private func time(_ modifier: String?) throws(OptionError) -> Piece {
            guard let modifier else { return .number(.timestamp, .ascii) }
            if let format = Self.wrapped(modifier, by: "strftime") { return .strftime(format) }
            if let layout = Self.wrapped(modifier, by: "go") { return .goTime(layout) }
            return .number(.timestamp, try self.number(modifier))
        }

        /// `[X]`, `{X}` and `#X#` after a name; any number of the same characters may wrap X.
        private static func wrapped(_ text: String, by name: String) -> String? {
            guard text.hasPrefix(name) else { return nil }
            var inner = text.dropFirst(name.count)
            guard let first = inner.first, let closing = ["[": "]", "{": "}", "#": "#"][first] else { return nil }
            while inner.count >= 2, inner.first == first, inner.last == Character(closing) {
                inner = inner.dropFirst().dropLast()
            }
            return String(inner)
        }

        private func attribute(_ modifier: String?) throws(OptionError) -> Piece {
            let parts = (modifier ?? "").split(separator: ";", maxSplits: 1)
            guard let name = parts.first, let attribute = Attribute(rawValue: String(name)) else {
                throw self.error("%a has one of {compression}, {timestamp-type}, {transactional-bit}, {control-bit}")
            }
            if parts.count == 1 {
                return attribute == .compression ? .compressionName : .number(.attribute(attribute), .ascii)
            }
            let format = parts[1] == "number" ? NumberFormat.ascii : try self.number(parts[1])
            return .number(.attribute(attribute), format)
        }
    }
}
