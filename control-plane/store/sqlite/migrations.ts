// The schema, forward only: a migration that has been released is never edited, a change is a new number.
// Rows keep their object as JSON in `body`; columns exist for what is searched or guarded.
import { functionsSchema } from './functions-schema.ts'
import { servingSchema } from './serving-schema.ts'

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
  {
    // Reports over months and bills by link need sums. Old bytes count for the five minutes in which their window began.
    version: 5,
    statements: `
      CREATE TABLE ledger_cells (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        hour_ms INTEGER NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        catalog_hash TEXT NOT NULL,
        quantity REAL NOT NULL,
        amount_usd REAL NOT NULL,
        entries INTEGER NOT NULL,
        PRIMARY KEY (job_id, hour_ms, region, kind, subject, attempt, purpose, catalog_hash)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX ledger_cells_of_hour ON ledger_cells (hour_ms);
      INSERT INTO ledger_cells
        SELECT job_id, from_ms - from_ms % 3600000, body ->> 'region', body ->> 'kind', body ->> 'subject',
          body ->> 'attempt', body ->> 'purpose', body ->> 'catalogHash',
          sum(body ->> 'quantity'), sum(amount_usd), count(*)
        FROM ledger GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;

      -- When each attempt was metered: spans that neither touch nor overlap.
      CREATE TABLE metered_spans (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        instance_id TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        region TEXT NOT NULL,
        from_ms INTEGER NOT NULL,
        to_ms INTEGER NOT NULL,
        PRIMARY KEY (job_id, instance_id, attempt, from_ms)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO metered_spans
        SELECT job_id, instance, attempt, region, min(from_ms), max(to_ms) FROM (
          SELECT *, sum(is_apart) OVER (PARTITION BY job_id, instance, attempt ORDER BY from_ms) AS island FROM (
            SELECT *, from_ms > coalesce(max(to_ms) OVER (PARTITION BY job_id, instance, attempt ORDER BY from_ms
              ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), from_ms - 1) AS is_apart
            FROM (
              SELECT job_id, body ->> 'instanceId' AS instance, body ->> 'attempt' AS attempt,
                body ->> 'region' AS region, from_ms, body ->> 'toMs' AS to_ms
              FROM ledger WHERE body ->> 'kind' = 'device-seconds' AND body ->> 'toMs' > from_ms)))
        GROUP BY job_id, instance, attempt, island;

      -- What links carried: by five minutes for bills by 95th percentile, by month (UTC) for tiers.
      CREATE TABLE link_bins (
        from_region TEXT NOT NULL,
        to_region TEXT NOT NULL,
        bin_ms INTEGER NOT NULL,
        bytes REAL NOT NULL,
        PRIMARY KEY (from_region, to_region, bin_ms)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO link_bins
        SELECT body ->> 'region', body ->> 'subject', from_ms - from_ms % 300000, sum(body ->> 'quantity')
        FROM ledger WHERE body ->> 'kind' = 'wan-bytes' AND body ->> 'subject' <> body ->> 'region' GROUP BY 1, 2, 3;
      CREATE TABLE link_months (
        from_region TEXT NOT NULL,
        to_region TEXT NOT NULL,
        month_ms INTEGER NOT NULL,
        bytes REAL NOT NULL,
        amount_usd REAL NOT NULL,
        PRIMARY KEY (from_region, to_region, month_ms)
      ) STRICT, WITHOUT ROWID;
      INSERT INTO link_months
        SELECT body ->> 'region', body ->> 'subject',
          unixepoch(from_ms / 1000, 'unixepoch', 'start of month') * 1000,
          sum(body ->> 'quantity'), sum(amount_usd)
        FROM ledger WHERE body ->> 'kind' = 'wan-bytes' AND body ->> 'subject' <> body ->> 'region' GROUP BY 1, 2, 3;
    `,
  },
  {
    // Before, a plan's hash named a catalogue that nobody kept.
    version: 6,
    statements: `
      CREATE TABLE catalogues (
        hash TEXT PRIMARY KEY,
        version TEXT NOT NULL,
        bytes INTEGER NOT NULL,
        first_used_at_ms INTEGER NOT NULL
      ) STRICT;
      CREATE INDEX catalogues_newest ON catalogues (first_used_at_ms DESC, hash DESC);
    `,
  },
  {
    // Before, a job had its newest plan only.
    version: 7,
    statements: `
      CREATE TABLE plans (
        number INTEGER PRIMARY KEY,
        job_id TEXT NOT NULL REFERENCES jobs (id),
        version INTEGER NOT NULL,
        body TEXT NOT NULL,
        -- What it was decided on; NULL where that was not kept.
        input TEXT
      ) STRICT;
      CREATE INDEX plans_of_job ON plans (job_id, number);
      INSERT INTO plans (job_id, version, body)
        SELECT id, body ->> '$.plan.version', body -> '$.plan' FROM jobs WHERE body ->> '$.plan.outcome' = 'placed'
        ORDER BY created_at_ms, id;
    `,
  },
  {
    // Months of many jobs are told by the day.
    version: 8,
    statements: `
      CREATE TABLE ledger_days (
        job_id TEXT NOT NULL REFERENCES jobs (id),
        day_ms INTEGER NOT NULL,
        region TEXT NOT NULL,
        kind TEXT NOT NULL,
        subject TEXT NOT NULL,
        attempt INTEGER NOT NULL,
        purpose TEXT NOT NULL,
        catalog_hash TEXT NOT NULL,
        quantity REAL NOT NULL,
        amount_usd REAL NOT NULL,
        entries INTEGER NOT NULL,
        PRIMARY KEY (job_id, day_ms, region, kind, subject, attempt, purpose, catalog_hash)
      ) STRICT, WITHOUT ROWID;
      CREATE INDEX ledger_days_of_day ON ledger_days (day_ms);
      INSERT INTO ledger_days
        SELECT job_id, hour_ms - hour_ms % 86400000, region, kind, subject, attempt, purpose, catalog_hash,
          sum(quantity), sum(amount_usd), sum(entries)
        FROM ledger_cells GROUP BY 1, 2, 3, 4, 5, 6, 7, 8;
    `,
  },
  {
    // Functions have instances, events and costs as jobs do, so these tables no longer refer to jobs alone.
    version: 9,
    statements: functionsSchema,
  },
  {
    // Before, GPUs were used whole.
    version: 10,
    statements: `
      ALTER TABLE ledger_cells ADD COLUMN left_seconds REAL NOT NULL DEFAULT 0;
      ALTER TABLE ledger_days ADD COLUMN left_seconds REAL NOT NULL DEFAULT 0;
    `,
  },
  {
    // Before, functions were asked at their instances and scaled in one way.
    version: 11,
    statements: servingSchema,
  },
  {
    // Before, every pipeline had 30 s.
    version: 12,
    statements: `UPDATE pipelines SET body = json_set(body, '$.spec.timeoutMs', 30000);`,
  },
]
