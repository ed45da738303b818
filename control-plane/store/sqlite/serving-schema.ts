// Pipelines, and what functions have had since there are gateways.

const fields = `'$.spec.autoscaler', 'hybrid', '$.spec.timeoutMs', 30000, '$.spec.queueMax', 0,
  '$.spec.atMostOnce', json('false'), '$.spec.profile', json('[]'), '$.spec.memoryBytes', 0`

export const servingSchema = `
  UPDATE functions SET body = json_set(body, ${fields});
  UPDATE functions SET body = json_set(body, '$.older', (
    SELECT json_group_array(json_set(each.value, ${fields}) ORDER BY each.key) FROM json_each(functions.body, '$.older') each));

  CREATE TABLE pipelines (
    id TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    is_ended INTEGER NOT NULL,
    revision INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT;
  CREATE UNIQUE INDEX pipelines_by_name ON pipelines (name) WHERE is_ended = 0;
`
