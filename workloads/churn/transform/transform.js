/**
 * The user-defined function of Dataflow's text template: one line of a file in, one JSON row out, or nothing for the
 * header and for blank lines. The template runs it on Nashorn, so it keeps to ES5.
 */
var COLUMNS = [
  { name: 'tenure_months', type: 'INTEGER', least: 0, most: 1200 },
  { name: 'monthly_charge', type: 'FLOAT', least: 0, most: 10000 },
  { name: 'support_calls', type: 'INTEGER', least: 0, most: 1000 },
  { name: 'contract', type: 'STRING' },
  { name: 'payment', type: 'STRING' },
  { name: 'churned', type: 'STRING', oneOf: ['yes', 'no'] },
];
var NUMBER = { INTEGER: /^-?[0-9]{1,15}$/, FLOAT: /^-?[0-9]{1,15}(\.[0-9]{1,15})?$/ };
var LONGEST_RAW_TEXT = 4096;

function transform(line) {
  var values = line.split(',');
  for (var i = 0; i < values.length; i++) values[i] = values[i].trim();
  if (line.trim() === '' || isHeader(values)) return null;
  if (values.length !== COLUMNS.length) {
    return rejected(line, 'expected ' + COLUMNS.length + ' columns, found ' + values.length);
  }
  var row = { baton_reject_reason: null, baton_raw: null };
  for (var j = 0; j < COLUMNS.length; j++) {
    var problem = problemOf(COLUMNS[j], values[j]);
    if (problem) return rejected(line, COLUMNS[j].name + ': ' + problem);
    row[COLUMNS[j].name] = COLUMNS[j].type === 'STRING' ? values[j] : Number(values[j]);
  }
  return JSON.stringify(row);
}

function isHeader(values) {
  for (var i = 0; i < COLUMNS.length; i++) if (values[i] !== COLUMNS[i].name) return false;
  return values.length === COLUMNS.length;
}

function problemOf(column, value) {
  var shown = JSON.stringify(value.slice(0, 100));
  if (column.type === 'STRING') {
    if (column.oneOf && column.oneOf.indexOf(value) < 0)
      return shown + ' is none of ' + column.oneOf.join(', ');
    return value === '' ? 'is missing' : null;
  }
  if (!NUMBER[column.type].test(value)) return shown + ' is no ' + column.type;
  if (Number(value) < column.least || Number(value) > column.most) {
    return shown + ' is not in ' + column.least + '..' + column.most;
  }
  return null;
}

/** A bad line stops no job: it is kept with the reason, and counted. */
function rejected(line, reason) {
  var row = { baton_reject_reason: reason, baton_raw: line.slice(0, LONGEST_RAW_TEXT) };
  for (var i = 0; i < COLUMNS.length; i++) row[COLUMNS[i].name] = null;
  return JSON.stringify(row);
}
