//! The examples of the repository: every packet as predicted, every mistake named at its line.
use crate::support::{User, folder, run, stdout, verified};

#[test]
fn the_shop_behaves_as_predicted() {
    let report = verified(User::Own, &["examples/shop"]);
    assert!(report["predicted"]["allowed"].as_u64().unwrap() > 0);
    assert!(report["predicted"]["denied"].as_u64().unwrap() > 0);
}

#[test]
fn the_shop_behaves_as_predicted_without_root() {
    verified(User::Ordinary, &["examples/shop"]);
}

#[test]
fn the_shop_behaves_as_predicted_without_an_overlay() {
    verified(User::Own, &["examples/shop", "--overlay", "none", "--nodes", "3"]);
}

#[test]
fn the_shop_behaves_as_predicted_in_one_family() {
    for family in ["ipv4", "ipv6"] {
        verified(User::Own, &["examples/shop", "--ip-family", family]);
    }
}

#[test]
fn the_broken_shop_behaves_as_predicted() {
    verified(User::Own, &["examples/shop-broken"]);
}

/// Each question of the broken shop's README, and the file and line that the answer has to name.
#[test]
fn the_broken_shop_is_explained_at_the_right_lines() {
    let readme =
        std::fs::read_to_string(crate::support::repository().join("examples/shop-broken/README.md")).unwrap();
    let questions =
        readme.lines().filter_map(|l| l.trim().strip_prefix("$ netloom explain examples/shop-broken "));
    let mut asked = 0;
    for question in questions {
        let words: Vec<&str> = question.split_whitespace().collect();
        let answer = run(&[&["explain", "examples/shop-broken"], words.as_slice()].concat());
        let text = stdout(&answer);
        // The transcript stands below the question, word for word.
        let after = &readme[readme.find(question).unwrap() + question.len()..];
        let shown = after.trim_start_matches('\n').split("```").next().unwrap();
        assert_eq!(text.trim_end(), shown.trim_end(), "{question}");
        asked += 1;
    }
    assert!(asked >= 4, "the README asks about every mistake");
}

#[test]
fn expectations_are_held_against_packets_case_by_case() {
    let verify = |file: &str| {
        let output = run(&["verify", "examples/shop", "--expect", file, "-o", "junit"]);
        (output.status.code(), stdout(&output))
    };
    let (status, xml) = verify("examples/shop/reach.txt");
    assert_eq!(status, Some(0), "{xml}");
    assert!(xml.contains("<testsuites name=\"netloom verify\" tests=\"12\" failures=\"0\">"), "{xml}");
    assert!(xml.contains("name=\"frontend -&gt; backend:8080 allowed\""), "{xml}");
    assert!(xml.contains(" connections go as predicted\""), "{xml}");
    let wrong = folder(&[(
        "wrong.txt",
        "[production]\nfrontend -> backend:8080 denied\nfrontend -> postgres denied\n",
    )]);
    let (status, xml) = verify(wrong.path().join("wrong.txt").to_str().unwrap());
    assert_eq!(status, Some(1), "{xml}");
    assert!(
        xml.contains("tests=\"3\" failures=\"1\""),
        "what is expected is wrong, and the packets are not: {xml}"
    );
}
