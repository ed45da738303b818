// The schema, forward only: a migration that has been released is never edited, a change is a new number.
// Rows keep their object as JSON in `body`; columns exist for what is searched or guarded.

export type Migration = { readonly version: number; readonly statements: string }

export const migrations: readonly Migration[] = [
  {
    version: 1,
    statements: `
      CREATE TABLE counters (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT;
      INSERT INTO counters (name, value) VALUES ('revision', 0);

      CREATE TABLE jobs (
        id TEXT PRIMARY KEY,
        request_id TEXT NOT NULL UNIQUE,
        fingerprint TEXT NOT NULL,
        state TEXT NOT NULL,
        is_ended INTEGER NOT NULL,
        created_at_ms INTEGER NOT NULL,
        -- Last change of the job itself: what optimistic commits compare.
        revision INTEGER NOT NULL,
        -- Last change of the job or of anything that its progress and cost are computed from: what watchers compare.
        touched INTEGER NOT NULL,
        -- Sum of the job's ledger, so that a list of jobs does not read every entry.
        cost_usd REAL NOT NULL DEFAULT 0,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX jobs_newest ON jobs (created_at_ms DESC, id DESC);
      CREATE INDEX jobs_open ON jobs (id) WHERE is_ended = 0;

      CREATE TABLE instances (
        id TEXT PRIMARY KEY,
        job_id TEXT NOT NULL REFERENCES jobs (id),
        revision INTEGER NOT NULL,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX instances_of_job ON instances (job_id);

      CREATE TABLE agents (region TEXT PRIMARY KEY, revision INTEGER NOT NULL, body TEXT NOT NULL) STRICT;

      -- The newest journal record applied from each agent: moved in the transaction that holds the record's effects.
      CREATE TABLE journals (agent_id TEXT PRIMARY KEY, seq INTEGER NOT NULL) STRICT;

      CREATE TABLE ledger (
        id TEXT PRIMARY KEY,
        job_id TEXT NOT NULL REFERENCES jobs (id),
        from_ms INTEGER NOT NULL,
        amount_usd REAL NOT NULL,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX ledger_of_job ON ledger (job_id, from_ms, id);

      CREATE TABLE rounds (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        region TEXT NOT NULL,
        number INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (job_id, region, number)
      ) STRICT;

      CREATE TABLE evaluations (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        region TEXT NOT NULL,
        at_ms INTEGER NOT NULL,
        is_final INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (job_id, region, at_ms, is_final)
      ) STRICT;

      CREATE TABLE events (
        number INTEGER PRIMARY KEY,
        job_id TEXT NOT NULL REFERENCES jobs (id),
        at_ms INTEGER NOT NULL,
        body TEXT NOT NULL
      ) STRICT;
      CREATE INDEX events_of_job ON events (job_id, number);

      -- Of functions in earlier runs: throughput by "digest/device model", model size by digest.
      CREATE TABLE measurements (
        kind TEXT NOT NULL,
        key TEXT NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (kind, key)
      ) STRICT;

      CREATE TABLE blobs (
        digest TEXT PRIMARY KEY,
        kind TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        at_ms INTEGER NOT NULL
      ) STRICT;
    `,
  },
  {
    // Rounds of version 1 knew no absence, codec or stall.
    version: 2,
    statements: `
      ALTER TABLE rounds ADD COLUMN first_number INTEGER NOT NULL DEFAULT 0;
      UPDATE rounds SET
        first_number = number,
        body = json_set(
          json_patch('{
            "absent": {}, "excludedDataShare": 0, "fragment": 0, "fragments": 1, "codec": "fp32", "steps": 0, "samples": 0,
            "stallSeconds": 0, "stalenessSteps": 0, "codecError": 0, "planVersion": 0, "hub": "", "term": 0,
            "loss": {"$number": "NaN"}, "fraction": 0, "rounds": 1, "absentRounds": {}, "round": 0, "firstRound": 0
          }', body),
          '$.firstNumber', number);

      -- Sums over all rounds of a region, and how many records of them are kept.
      CREATE TABLE round_totals (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        region TEXT NOT NULL,
        kept INTEGER NOT NULL,
        body TEXT NOT NULL,
        PRIMARY KEY (job_id, region)
      ) STRICT;
      INSERT INTO round_totals (job_id, region, kept, body)
        SELECT job_id, region, count(*), json_object(
          'region', region,
          'rounds', count(*),
          'bytesSent', sum(json_extract(body, '$.bytesSent')),
          'bytesReceived', sum(json_extract(body, '$.bytesReceived')),
          'seconds', sum(json_extract(body, '$.seconds')),
          'stallSeconds', 0, 'steps', 0, 'samples', 0, 'incompleteRounds', 0, 'excludedDataShare', 0,
          'last', json((SELECT last.body FROM rounds last
            WHERE last.job_id = rounds.job_id AND last.region = rounds.region ORDER BY last.number DESC LIMIT 1)))
        FROM rounds GROUP BY job_id, region;

      UPDATE instances SET body = json_set(body, '$.progress.sync', json('null'))
        WHERE json_type(body, '$.progress') = 'object';
    `,
  },
  {
    // Before, only the time since the record before was known.
    version: 3,
    statements: `
      UPDATE rounds SET body = json_set(body, '$.exchangeSeconds', 0);
      UPDATE round_totals SET body = json_set(body, '$.exchangeSeconds', 0, '$.last.exchangeSeconds', 0);
    `,
  },
  {
    // Before, a region had one price per device model, plans left data where it lay, and usage had no purpose.
    version: 4,
    statements: `
      UPDATE jobs SET body = json_set(body,
        '$.spec.objective', json('{"kind":"least-cost","slack":0.05}'),
        '$.spec.budget', json('null'),
        '$.spec.owner', '',
        '$.spec.labels', json('{}'),
        '$.spec.resources.markets', json('["on-demand"]'),
        '$.spec.shards', (
          SELECT json_group_array(json_set(shard.value, '$.bytes', 0, '$.mayMoveTo', json('[]')) ORDER BY shard.key)
          FROM json_each(jobs.body, '$.spec.shards') shard));

      UPDATE jobs SET body = json_set(body,
        '$.plan.objective', json('{"kind":"least-cost","slack":0.05}'),
        '$.plan.version', 1,
        '$.plan.plannedAtMs', 0,
        '$.plan.cause', '',
        '$.plan.exchange', json('null'),
        '$.plan.movements', json('[]'),
        '$.plan.alternatives', json('[]'),
        '$.plan.bound', json('null'),
        '$.plan.reasons', (
          SELECT json_group_array(json_set(reason.value, '$.figures', json('{}')) ORDER BY reason.key)
          FROM json_each(jobs.body, '$.plan.reasons') reason),
        '$.plan.partitions', (
          SELECT json_group_array(json_set(part.value,
            '$.place', json_extract(part.value, '$.region'),
            '$.moves', 0,
            '$.dataRegions', json_array(json_extract(part.value, '$.region')),
            '$.allocations', (
              SELECT json_group_array(json_set(each.value,
                '$.market', 'on-demand', '$.zone', '', '$.instanceType', '', '$.lossesPerHour', 0) ORDER BY each.key)
              FROM json_each(part.value, '$.allocations') each)) ORDER BY part.key)
          FROM json_each(jobs.body, '$.plan.partitions') part))
        WHERE json_type(body, '$.plan') = 'object';

      UPDATE jobs SET body = json_set(body,
        '$.plan.forecast.movementSeconds', 0, '$.plan.forecast.movementUsd', 0,
        '$.plan.forecast.storageUsd', 0, '$.plan.forecast.spotLossUsd', 0)
        WHERE json_type(body, '$.plan.forecast') = 'object';
      UPDATE jobs SET body = json_set(body,
        '$.plan.forecastUseEverything.movementSeconds', 0, '$.plan.forecastUseEverything.movementUsd', 0,
        '$.plan.forecastUseEverything.storageUsd', 0, '$.plan.forecastUseEverything.spotLossUsd', 0)
        WHERE json_type(body, '$.plan.forecastUseEverything') = 'object';

      UPDATE instances SET body = json_set(body,
        '$.partition', json_extract(body, '$.region'), '$.market', 'on-demand', '$.zone', '', '$.instanceType', '');
      UPDATE agents SET body = json_set(body, '$.devices', (
        SELECT json_group_array(json_set(device.value,
          '$.market', 'on-demand', '$.zone', '', '$.instanceType', '', '$.endsAtMs', json('null')) ORDER BY device.key)
        FROM json_each(agents.body, '$.devices') device));
      UPDATE ledger SET body = json_set(body,
        '$.attempt', 0, '$.purpose', '', '$.currency', 'USD', '$.unitPrice', json_extract(body, '$.unitPriceUsd'));
    `,
  },
]
