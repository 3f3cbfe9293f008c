//! The table of codes. One line each: everything else about a code is its page in `explain/`.

use std::fmt;
use std::str::FromStr;

use super::Severity;

macro_rules! codes {
    ($($code:ident $name:ident $severity:ident $title:literal;)*) => {
        /// A stable code, like `LG0102`. Never reused for something else.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $(#[doc = $title] $name,)*
        }

        impl Code {
            /// Every code, in order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is written, `LG0102`.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($code),)* }
            }

            /// What the code is about, in a few words.
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }

            /// How bad its findings are.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// The page that `lockgate explain` prints: Markdown, with the smallest flow that provokes the
            /// finding and the nearest one that does not.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("explain/", stringify!($code), ".md")),)* }
            }
        }
    };
}

codes! {
    // The text.
    LG0101 Syntax Error "the file is not YAML";
    LG0102 DuplicateKey Error "a key stands twice in one map";
    LG0103 UnknownKey Error "a key that means nothing here";
    LG0104 WrongType Error "a value of the wrong type";
    LG0105 MissingKey Error "a key that must be there is missing";
    LG0106 ChangedByYaml Warning "YAML reads this value as something else than it looks";
    LG0107 TooLarge Error "the file is too large";
    LG0108 TooDeep Error "the file is nested too deep";
    LG0109 AliasExpansion Error "anchors and aliases expand to too much";
    LG0110 TemplateTooLong Error "a text with expressions is too long";
    LG0111 NotOneDocument Error "the file is not one YAML document";
    LG0112 Unsupported Error "a part of YAML that flows do not use";
    // Names.
    LG0201 UnknownAction Error "no action has this name";
    LG0202 UnknownConnection Error "no connection has this name";
    LG0203 UnknownFlow Error "no flow has this name";
    LG0204 UnknownFunction Error "no function has this name";
    LG0205 UnknownRoot Error "an expression starts with an unknown name";
    LG0206 DuplicateStepId Error "two steps have the same id";
    LG0207 DuplicateRoute Error "two flows answer the same route";
    LG0208 InvalidName Error "a name that is no identifier";
    LG0209 DuplicateFlow Error "two flows have the same name";
    LG0210 ConnectionNotChosen Error "several connections fit and none is chosen";
    LG0211 ConnectionType Error "a connection of the wrong type";
    LG0212 NoVerb Error "a step does nothing";
    LG0213 SeveralVerbs Error "a step does two things";
    // References.
    LG0301 UnknownStep Error "no step has this id";
    LG0302 LaterStep Error "a step is used before it runs";
    LG0303 MayNotHaveRun Error "a step is used that may not have run";
    LG0304 UnknownField Error "a field that is not there";
    LG0305 NoRequest Error "`request` in a flow without an HTTP trigger";
    LG0306 UnknownVariable Error "a variable that nothing sets, or not yet";
    LG0307 OutOfScope Error "a name that is not visible here";
    LG0308 NoResult Error "a step that has no result is used";
    // Types.
    LG0401 TypeMismatch Error "a value that cannot fit";
    LG0402 MissingArgument Error "a required argument is missing";
    LG0403 UnknownArgument Error "an argument that the action does not take";
    LG0404 WrongArity Error "a function gets too few or too many arguments";
    LG0405 FunctionArgument Error "a function gets a value that it cannot work with";
    LG0406 InvalidExpression Error "an expression cannot be read";
    LG0407 InvalidSchema Error "an input field's schema is not valid";
    LG0408 InvalidDuration Error "a duration cannot be read";
    LG0409 InvalidTrigger Error "a trigger cannot be read";
    LG0410 InvalidArgument Error "an argument that the action refuses";
    LG0411 InvalidHeader Error "a header that an answer cannot have";
    LG0412 InvalidConcurrency Error "a limit of concurrent runs that cannot work";
    LG0413 ScheduledInput Error "a schedule starts a flow that needs input";
    // Flow.
    LG0501 Unreachable Warning "a step that can never run";
    LG0502 SecondRespond Error "a second answer on one path";
    LG0503 ConstantCondition Warning "a condition that is always the same";
    LG0504 NotAList Error "a loop over something that is no list";
    LG0505 CallCycle Error "flows call each other in a circle";
    LG0506 ErrorCannotOccur Error "an error code that cannot occur";
    LG0507 BranchesSetSame Error "two parallel branches set the same variable";
    LG0508 LostVariable Warning "what a loop sets is lost after it";
    // Security.
    LG0601 WrittenSecret Warning "a secret is written out in the file";
    LG0602 SecretExposed Warning "a secret goes where others can read it";
    LG0603 OpenTrigger Warning "anyone can call a flow that changes users";
    LG0604 InsecureUrl Warning "a connection without TLS";
    LG0605 OpenRedirect Warning "a redirect to wherever the caller wants";
    // The workspace.
    LG0701 LanguageVersion Error "a language version that this binary does not read";
    LG0702 UnknownConnectionType Error "no connection type has this name";
    LG0703 InvalidSetting Error "a connection's setting is not usable";
    LG0704 MissingVariable Error "an environment variable is not set";
    LG0705 InvalidStore Error "a setting of the store is not usable";
    // Connectors.
    LG0801 InvalidConnector Error "a part of a connector that cannot work";
    LG0802 ResultMismatch Error "an operation promises what it does not give";
    LG0803 DuplicateConnector Error "two connectors have the same name";
    LG0804 NeverRead Warning "an input or a setting that nothing reads";
    // Tests.
    LG0901 DuplicateCase Error "two cases have the same name";
    LG0902 InvalidCase Error "a case that cannot run";
    LG0903 InvalidMock Error "a mock that the action could not give";
    LG0904 InvalidExpectation Error "an expectation that cannot be read";
    LG0905 NeverHolds Error "an expectation that can never hold";
    LG0906 UnusedMock Warning "a mock or a fault that no step meets";
    LG0907 ExpectationFailed Error "an expectation does not hold";
    LG0908 NotMocked Error "a step calls an action that has no mock";
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Code {
    type Err = ();

    /// Reads `LG0102` (any case, or without the letters).
    fn from_str(text: &str) -> Result<Self, ()> {
        let digits = text.trim().trim_start_matches(|c: char| c.is_ascii_alphabetic());
        Self::ALL
            .iter()
            .copied()
            .find(|code| code.as_str().trim_start_matches("LG") == digits)
            .ok_or(())
    }
}
