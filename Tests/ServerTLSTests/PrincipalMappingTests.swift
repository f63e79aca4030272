import Testing

@testable import ServerTLS

/// The published vectors of Kafka's mapping, as facts: which lists of rules are accepted, and what names become.
@Suite struct PrincipalMappingTests {
    @Test(
        arguments: [
            "DEFAULT", "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/", "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L, DEFAULT",
            "RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/",
            "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/L",
            "RULE:^cn=(.?),ou=(.?),dc=(.?),dc=(.?)$/$1@$2/U", "RULE:^CN=([^,ADEFLTU,]+)(,.*|$)/$1/",
            "RULE:^CN=([^,DEFAULT,]+)(,.*|$)/$1/",
        ]
    )
    func `good lists are accepted`(text: String) throws {
        _ = try PrincipalMapping(text)
    }

    @Test(
        arguments: [
            "default", "DEFAUL", "DEFAULT/L", "DEFAULT/U", "RULE:CN=(.*?),OU=ServiceUsers.*/$1",
            "rule:^CN=(.*?),OU=ServiceUsers.*$/$1/", "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L/U",
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/L", "RULE:^CN=(.*?),OU=ServiceUsers.*$/U",
            "RULE:^CN=(.*?),OU=ServiceUsers.*$/LU", "RULE:(/$1/", "RULE:a/$1/", "RULE:(a)/$/", "RULE:(a)/x\\",
        ]
    )
    func `others are refused`(text: String) {
        #expect(throws: ServerTLSFailure.self) { try PrincipalMapping(text) }
    }

    @Test func `the first rule that matches decides`() throws {
        let mapping = try PrincipalMapping(
            [
                "RULE:^CN=(.*?),OU=ServiceUsers.*$/$1/L",
                "RULE:^CN=(.*?),OU=(.*?),O=(.*?),L=(.*?),ST=(.*?),C=(.*?)$/$1@$2/L",
                "RULE:^cn=(.*?),ou=(.*?),dc=(.*?),dc=(.*?)$/$1@$2/U", "RULE:^.*[Cc][Nn]=([a-zA-Z0-9.]*).*$/$1/U",
                "DEFAULT",
            ].joined(separator: ", ")
        )
        #expect(mapping.principal(of: "CN=Duke,OU=ServiceUsers,O=Org,C=US") == "duke")
        #expect(mapping.principal(of: "CN=Duke,OU=SME,O=mycp,L=Fulton,ST=MD,C=US") == "duke@sme")
        #expect(mapping.principal(of: "cn=duke,ou=sme,dc=mycp,dc=com") == "DUKE@SME")
        #expect(mapping.principal(of: "cN=duke,OU=JavaSoft,O=Sun Microsystems") == "DUKE")
        let plain = "OU=JavaSoft,O=Sun Microsystems,C=US"
        #expect(mapping.principal(of: plain) == plain)
    }

    @Test func `commas with a backslash stay in the name`() throws {
        let mapping = try PrincipalMapping("RULE:^CN=((\\\\, *|\\w)+)(,.*|$)/$1/,DEFAULT")
        #expect(mapping.principal(of: "CN=Tkac\\, Adam,OU=ITZ,DC=geodis,DC=cz") == "Tkac\\, Adam")
    }

    private static func rule(_ pattern: String, _ text: String, _ letters: PrincipalMapping.Letters = .unchanged)
        -> PrincipalMapping.Rule
    {
        .pattern(pattern, replacement: text, letters: letters)
    }

    @Test(
        arguments: [
            ("", []), ("DEFAULT", [.asIs]), ("RULE://", [rule("", "")]), ("RULE:/.*/", [rule("", ".*")]),
            ("RULE:/.*/L", [rule("", ".*", .lower)]), ("RULE://,DEFAULT", [rule("", ""), .asIs]),
            ("  RULE:// ,  DEFAULT  ", [rule("", ""), .asIs]),
            ("  RULE:   /     / ,  DEFAULT  ", [rule("   ", "     "), .asIs]),
            ("  RULE:  /     /U   ,DEFAULT  ", [rule("  ", "     ", .upper), .asIs]),
            (
                "  RULE:([A-Z]*)/$1/U   ,RULE:([a-z]+)/$1/,   DEFAULT  ",
                [rule("([A-Z]*)", "$1", .upper), rule("([a-z]+)", "$1"), .asIs]
            ),
            (",   , , ,      , , ,   ", []), (",,RULE://,,,DEFAULT,,", [rule("", ""), .asIs]),
            (",  , RULE: /   /    ,,,   DEFAULT, ,   ", [rule(" ", "   "), .asIs]),
            ("     ,  , RULE:   /  /U    ,,  ,DEFAULT, ,", [rule("   ", "  ", .upper), .asIs]),
            ("RULE:\\/\\\\\\(\\)\\n\\t/\\/\\//", [rule("\\/\\\\\\(\\)\\n\\t", "\\/\\/")]),
            ("RULE:\\**\\/+/*/L,RULE:\\/*\\**/**/", [rule("\\**\\/+", "*", .lower), rule("\\/*\\**", "**")]),
            (
                "RULE:,RULE:,/,RULE:,\\//U,RULE:,/RULE:,/,RULE:,RULE:,/L,RULE:,/L,RULE:, DEFAULT, /DEFAULT/,DEFAULT",
                [
                    rule(",RULE:,", ",RULE:,\\/", .upper), rule(",", "RULE:,"), rule(",RULE:,", "L,RULE:,", .lower),
                    rule(", DEFAULT, ", "DEFAULT"), .asIs,
                ]
            ),
        ] as [(String, [PrincipalMapping.Rule])]
    )
    func `lists are cut where Kafka cuts them`(text: String, rules: [PrincipalMapping.Rule]) throws {
        #expect(try PrincipalMapping(text).rules == rules)
    }

    @Test(
        arguments: [
            // As Java's replaceAll: the empty match at the end is replaced too.
            ("RULE:.*/x/", "abc", "xx"), ("RULE:^.*$/x/", "abc", "x"),
            // A number that is not a group is text; the first digits may be one.
            ("RULE:^(a)(b)(c)$/$1@$4/", "abc", "a@$4"), ("RULE:^(a).*$/$10/", "abc", "a0"),
            ("RULE:^abc$/$0!/", "abc", "abc!"), ("RULE:^(a)(x)?bc$/[$2]/", "abc", "[]"),
            ("RULE:^(abc)$/\\$1/", "abc", "$1"), ("RULE:^(abc)$/\\/$1/", "abc", "/abc"),
            ("RULE:^(.*)$/$1/U", "straße", "STRASSE"), ("RULE:^x$/y/", "abc", nil), ("", "abc", nil),
        ] as [(String, String, String?)]
    )
    func `replacements are Java's`(rules: String, name: String, principal: String?) throws {
        #expect(try PrincipalMapping(rules).principal(of: name) == principal)
    }

    @Test func `a name that is too long matches nothing`() throws {
        let mapping = try PrincipalMapping("DEFAULT")
        #expect(mapping.principal(of: String(repeating: "a", count: PrincipalMapping.nameBytesMax)) != nil)
        #expect(mapping.principal(of: String(repeating: "a", count: PrincipalMapping.nameBytesMax + 1)) == nil)
    }
}
