//! `korabo serve` under statements made to take everything, while another user goes on working.
//! `KORABO_HOSTILE_STATEMENTS=2000` sends as many; the figures are printed with `--nocapture`. `KORABO_HOSTILE_FOLDER` names a folder
//! for the statements, to try them one by one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use datafusion::common::runtime::SpawnedTask;
use futures::TryStreamExt as _;

use crate::hostile_statements::{N_FAMILIES, statement};
use crate::serving::{Client, Serving, ask, configure, token};
use crate::support::Project;

/// The longest that a statement may take here.
const MOST_SECONDS: u64 = 5;
/// How long an ordinary question may take beside hostile ones, on a machine that is busy with other tests as well.
const PATIENCE: Duration = Duration::from_secs(30);
/// What is read of an answer before the client goes away.
const MOST_ROWS: usize = 100_000;

/// How the server answered a hostile statement.
async fn outcome(client: &mut Client, sql: &str) -> &'static str {
    let asked = async {
        let info = client.execute(sql.to_owned(), None).await;
        let info = info.map_err(|error| error.to_string())?;
        let ticket = info.endpoint[0].ticket.clone().unwrap();
        let rows = client.do_get(ticket).await;
        let mut rows = rows.map_err(|error| error.to_string())?;
        let mut n_rows = 0;
        while let Some(batch) = rows.try_next().await.map_err(|error| error.to_string())? {
            n_rows += batch.num_rows();
            if n_rows > MOST_ROWS {
                break;
            }
        }
        Ok::<_, String>(())
    };
    let limit = Duration::from_secs(4 * MOST_SECONDS) + PATIENCE;
    match tokio::time::timeout(limit, asked).await {
        Err(_) => "unanswered",
        Ok(Ok(())) => "answered",
        Ok(Err(error)) if error.contains("took longer") => "stopped",
        Ok(Err(error)) if error.contains("run already") => "no place",
        Ok(Err(error)) if error.contains("bug in korabo") => "bug",
        Ok(Err(error)) if error.contains("transport") => "gone",
        Ok(Err(_)) => "refused",
    }
}

/// Asks the next of `n` statements until there is none; returns their numbers by outcome.
async fn attack(
    mut clients: Vec<Client>,
    next: Arc<AtomicU64>,
    n: u64,
) -> BTreeMap<&'static str, Vec<u64>> {
    let mut outcomes = BTreeMap::<_, Vec<u64>>::new();
    loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if number >= n {
            return outcomes;
        }
        let sql = statement(number);
        if let Ok(folder) = std::env::var("KORABO_HOSTILE_FOLDER") {
            fs_err::write(format!("{folder}/{number:04}.sql"), &sql).unwrap();
        }
        let mut found = "no place";
        for _ in 0..clients.len() {
            found = outcome(&mut clients[0], &sql).await;
            if found != "no place" {
                break;
            }
            clients.rotate_left(1);
        }
        outcomes.entry(found).or_default().push(number);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_statements_hold_up_no_other_user() {
    let asked = std::env::var("KORABO_HOSTILE_STATEMENTS").ok();
    let n: u64 = asked.map_or(2 * N_FAMILIES as u64, |n| n.parse().unwrap());
    let project = Project::built();
    configure(&project, &format!("max_seconds = {MOST_SECONDS}"));
    let hanako = token(&project, "hanako");
    let serving = Serving::start_with(&project, &["--memory-limit", "1G"]);
    let (next, is_over) = (
        Arc::new(AtomicU64::new(0)),
        Arc::new(AtomicBool::new(false)),
    );

    let mut attacks = Vec::new();
    for attacker in 0..4 {
        // More users than places: while earlier statements of one are still ending, the next one asks.
        let mut clients = Vec::new();
        for n in 0..8 {
            let own = token(&project, &format!("mallory{attacker}.{n}"));
            clients.push(serving.client(&own).await);
        }
        attacks.push(SpawnedTask::spawn(attack(clients, Arc::clone(&next), n)));
    }
    let mut client = serving.client(&hanako).await;
    let goes_on = Arc::clone(&is_over);
    let ordinary = SpawnedTask::spawn(async move {
        let (mut n_answers, mut slowest) = (0_u64, Duration::ZERO);
        while !goes_on.load(Ordering::Relaxed) {
            let started = Instant::now();
            let question = "SELECT fiscal_year, count(*) FROM panel_person_year GROUP BY 1";
            let answer = ask(&mut client, question).await;
            assert!(answer.unwrap().n_rows() > 1);
            slowest = slowest.max(started.elapsed());
            n_answers += 1;
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        (n_answers, slowest)
    });
    let mut outcomes = BTreeMap::<_, Vec<u64>>::new();
    for attack in attacks {
        for (outcome, numbers) in attack.join().await.unwrap() {
            outcomes.entry(outcome).or_default().extend(numbers);
        }
    }
    is_over.store(true, Ordering::Relaxed);
    let (n_answers, slowest) = ordinary.join().await.unwrap();
    let peak = serving.peak_memory();
    let counts: Vec<_> = outcomes
        .iter()
        .map(|(outcome, all)| (*outcome, all.len()))
        .collect();
    println!(
        "{n} hostile statements: {counts:?}; {n_answers} ordinary answers, the slowest after {slowest:?}; {} MB resident at most",
        peak / 1_000_000
    );
    for wrong in ["bug", "gone", "unanswered"] {
        assert_eq!(outcomes.get(wrong), None, "{wrong}");
    }
    assert!(n_answers > 0 && slowest < PATIENCE, "{slowest:?}");
    // The limit, a fifth, and 500 MB for the program itself.
    assert!(peak < 1_700_000_000, "{peak}");
}
