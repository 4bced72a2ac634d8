// What a run of random faults comes to: for a terminal, and for a page.
export const sum = (counts, suffix = '') =>
  Object.entries(counts).reduce((all, [key, one]) => (key.endsWith(suffix) ? all + one : all), 0);

const ms = ({ p50, p99, max }) => `${p50} / ${p99} / ${max}`;

export function printReport(summary) {
  const { seed, nodes, client, seconds, faults, requests, notes, violations, examples, left } = summary;
  const table = (head, counts) => {
    console.log(`\n${head}`);
    for (const [key, value] of Object.entries(counts)) console.log(`  ${key.padEnd(50)} ${value}`);
  };
  console.log(`\n\n${sum(faults)} faults, ${nodes} nodes, client ${client}, seed ${seed}, ${seconds} s`);
  table('Faults', faults);
  table('Requests by who sent them, and the answer', requests);
  table('Milliseconds: p50 / p99 / max', {
    'until a 503': ms(summary.refusedMs),
    'until all is as before': ms(summary.recoveryMs),
  });
  table('When everything had been ended', left);
  table('Worth to be told', notes);
  table('What must not be', violations);
  for (const example of examples) console.log(`  ${example}`);
}

export function pageOf({ seed, nodes, client, seconds, faults, requests, violations, left, ...summary }) {
  const kinds = Object.entries(faults).map(([name, count]) => `${name} ${count}`);
  const rows = [
    ['requests', sum(requests)],
    ['somebody served who should not have been', violations.bypass],
    ['acknowledged sessions lost, unless Redis was emptied', violations.lost],
    ['the right person refused as if they were the wrong one', violations.refused],
    ['accounts with more wrong passwords verified than the limiter allows', violations.guessed],
    ['logins undone twice', violations['undone twice']],
    ['logins never undone, unless Redis was emptied', left.notUndone],
    ['answers that nothing explains, or none in 10 s', violations.unexpected],
    ['milliseconds until a 503: p50 / p99 / max', ms(summary.refusedMs)],
    ['milliseconds until all is as before: p50 / p99 / max', ms(summary.recoveryMs)],
  ];
  const head = `${sum(faults)} faults, ${nodes} nodes, package \`${client}\`, seed ${seed}, ${Math.round(seconds / 60)} minutes, Node ${process.versions.node}`;
  return [
    `${head}: ${kinds.join(', ')}.`,
    '',
    '| | |',
    '|---|---|',
    ...rows.map((row) => `| ${row.join(' | ')} |`),
  ].join('\n');
}
