/// Where an attribute lies in an item: a name, and members and elements within.
package struct AttributePath: Sendable, Equatable {
    package enum Step: Sendable, Equatable {
        case member(String)
        case element(Int)
    }

    package var name: String
    package var steps: [Step] = []

    package init(_ name: String, _ steps: [Step] = []) {
        self.name = name
        self.steps = steps
    }

    /// The value there, if there is one.
    func value(in item: Item) -> AttributeValue? {
        guard var value = item[self.name] else { return nil }
        for step in self.steps {
            switch (step, value) {
            case (.member(let name), .map(let map)):
                guard let next = map[name] else { return nil }
                value = next
            case (.element(let index), .list(let list)):
                guard index < list.count else { return nil }
                value = list[index]
            default: return nil
            }
        }
        return value
    }

    /// Puts a value there, or removes what is there.
    ///
    /// - Returns: false when nothing that could hold it is there.
    func put(_ value: AttributeValue?, in item: inout Item) -> Bool {
        guard !self.steps.isEmpty else {
            item[self.name] = value
            return true
        }
        guard let outer = item[self.name] else { return value == nil }
        guard let changed = Self.put(value, at: self.steps[...], in: outer) else { return value == nil }
        item[self.name] = changed
        return true
    }

    private static func put(
        _ value: AttributeValue?,
        at steps: ArraySlice<Step>,
        in outer: AttributeValue
    ) -> AttributeValue? {
        guard let step = steps.first else { return value }
        let rest = steps.dropFirst()
        switch (step, outer) {
        case (.member(let name), .map(var map)):
            if rest.isEmpty {
                map[name] = value
            } else {
                guard let inner = map[name], let changed = Self.put(value, at: rest, in: inner) else { return nil }
                map[name] = changed
            }
            return .map(map)
        case (.element(let index), .list(var list)):
            if !rest.isEmpty {
                guard index < list.count, let changed = Self.put(value, at: rest, in: list[index]) else { return nil }
                list[index] = changed
            } else if let value {
                // Behind the end it is appended.
                if index < list.count { list[index] = value } else { list.append(value) }
            } else if index < list.count {
                list.remove(at: index)
            }
            return .list(list)
        default: return nil
        }
    }

    /// Whether one of the two lies within the other, or they are one.
    func overlaps(_ other: AttributePath) -> Bool {
        guard self.name == other.name else { return false }
        return zip(self.steps, other.steps).allSatisfy { $0 == $1 }
    }
}

extension AttributePath: CustomStringConvertible {
    /// As DynamoDB prints it.
    package var description: String {
        var parts = [self.name]
        for step in self.steps {
            switch step {
            case .member(let name): parts.append(name)
            case .element(let index): parts.append("[\(index)]")
            }
        }
        return "[" + parts.joined(separator: ", ") + "]"
    }
}
