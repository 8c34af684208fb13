/**
 * The user-defined function of Dataflow's text template: one line of a file in, one JSON row out, or nothing for the
 * header and for blank lines. The template runs it on Nashorn, so it keeps to ES5.
 */
function transform(line) {
  if (/^\s*$/.test(line) || line === 'amount,label') return null;
  var match = /^(-?[0-9]{1,15}),(yes|no)$/.exec(line);
  if (match) {
    return JSON.stringify({
      amount: Number(match[1]),
      label: match[2],
      baton_reject_reason: null,
      baton_raw: null,
    });
  }
  return JSON.stringify({
    amount: null,
    label: null,
    baton_reject_reason: 'expected an integer, a comma, and yes or no',
    baton_raw: line.slice(0, 4096),
  });
}
