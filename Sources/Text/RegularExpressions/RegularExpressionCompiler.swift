/// What a pattern says.
indirect enum RegularExpressionNode: Equatable {
    case empty
    case bytes(ByteSet)
    case scalar(Unicode.Scalar)
    case assert(RegularExpression.Assertion)
    case sequence([RegularExpressionNode])
    case alternatives([RegularExpressionNode])
    /// `nil` is without an upper bound.
    case repeated(RegularExpressionNode, Int, Int?)
}

/// Makes a bounded program out of a parsed pattern.
struct RegularExpressionCompiler {
    private var program: [RegularExpression.Instruction] = []

    mutating func compile(
        _ node: RegularExpressionNode
    ) throws(RegularExpression.Failure) -> [RegularExpression.Instruction] {
        try self.emit(node)
        try self.append(.match)
        return self.program
    }

    private mutating func append(_ instruction: RegularExpression.Instruction) throws(RegularExpression.Failure) {
        guard self.program.count < RegularExpression.instructionsMax else {
            throw RegularExpression.Failure("the expression is too large")
        }
        self.program.append(instruction)
    }

    private mutating func emit(_ node: RegularExpressionNode) throws(RegularExpression.Failure) {
        switch node {
        case .empty:
            break
        case .bytes(let set):
            try self.append(.bytes(set))
        case .scalar(let scalar):
            try self.append(.scalar(scalar))
        case .assert(let assertion):
            try self.append(.assert(assertion))
        case .sequence(let nodes):
            for node in nodes { try self.emit(node) }
        case .alternatives(let nodes):
            try self.emitAlternatives(nodes[...])
        case .repeated(let node, let minimum, let maximum):
            try self.emit(node, minimum: minimum, maximum: maximum)
        }
    }

    private mutating func emitAlternatives(
        _ nodes: ArraySlice<RegularExpressionNode>
    ) throws(RegularExpression.Failure) {
        var ends: [Int] = []
        for (position, node) in nodes.enumerated() {
            guard position < nodes.count - 1 else {
                try self.emit(node)
                break
            }
            let split = self.program.count
            try self.append(.split(split + 1, 0))
            try self.emit(node)
            ends.append(self.program.count)
            try self.append(.jump(0))
            self.program[split] = .split(split + 1, self.program.count)
        }
        for end in ends { self.program[end] = .jump(self.program.count) }
    }

    private mutating func emit(
        _ node: RegularExpressionNode,
        minimum: Int,
        maximum: Int?
    ) throws(RegularExpression.Failure) {
        // Nothing repeated is nothing; the loops below would not be bounded by the program.
        guard node != .empty else { return }
        for _ in 0..<minimum {
            let before = self.program.count
            try self.emit(node)
            // Parts that make no instructions at all cannot make different ones the next time.
            if self.program.count == before { return }
        }
        guard let maximum else {
            let split = self.program.count
            try self.append(.split(split + 1, 0))
            try self.emit(node)
            try self.append(.jump(split))
            self.program[split] = .split(split + 1, self.program.count)
            return
        }
        var splits: [Int] = []
        for _ in minimum..<maximum {
            splits.append(self.program.count)
            try self.append(.split(self.program.count + 1, 0))
            try self.emit(node)
        }
        for split in splits { self.program[split] = .split(split + 1, self.program.count) }
    }
}
