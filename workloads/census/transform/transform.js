// Compiled from transform.ts by compile.ts. Edit transform.ts, then run `npm run build:udf`.
function transform(line) {
    return (function() {
        var COLUMNS = [
            {
                name: 'age',
                range: {
                    least: 0,
                    most: 130
                }
            },
            {
                name: 'workclass'
            },
            {
                name: 'fnlwgt',
                range: {
                    least: 0,
                    most: 99999999
                }
            },
            {
                name: 'education'
            },
            {
                name: 'education_num',
                range: {
                    least: 1,
                    most: 16
                }
            },
            {
                name: 'marital_status'
            },
            {
                name: 'occupation'
            },
            {
                name: 'relationship'
            },
            {
                name: 'race'
            },
            {
                name: 'gender'
            },
            {
                name: 'capital_gain',
                range: {
                    least: 0,
                    most: 9999999
                }
            },
            {
                name: 'capital_loss',
                range: {
                    least: 0,
                    most: 9999999
                }
            },
            {
                name: 'hours_per_week',
                range: {
                    least: 0,
                    most: 168
                }
            },
            {
                name: 'native_country'
            },
            {
                name: 'income_bracket'
            }
        ];
        var REASON_TEXT_LIMIT = 120;
        var RAW_LINE_LIMIT = 4096;
        function transform(line) {
            var text = line.trim();
            if (text === '' || text.charAt(0) === '|') return null;
            var values = line.split(',').map(trimmed);
            if (isHeader(values)) return null;
            if (values.length !== COLUMNS.length) {
                return rejected(line, "row: expected ".concat(COLUMNS.length, " columns, found ").concat(values.length));
            }
            var row = {};
            for(var i = 0; i < COLUMNS.length; i++){
                var column = COLUMNS[i];
                var problem = problemOf(column, values[i]);
                if (problem !== null) return rejected(line, "".concat(column.name, ": ").concat(problem));
                row[column.name] = typed(column, values[i]);
            }
            row.baton_reject_reason = null;
            row.baton_raw = null;
            return JSON.stringify(row);
        }
        function trimmed(value) {
            return value.trim();
        }
        function isHeader(values) {
            return values.join() === COLUMNS.map(function(column) {
                return column.name;
            }).join();
        }
        function problemOf(column, value) {
            if (isDamaged(value)) return "".concat(quoted(value), " has characters that are not text");
            if (column.name === 'income_bracket') {
                return label(value) === null ? "".concat(quoted(value), ' is neither "<=50K" nor ">50K"') : null;
            }
            if (!column.range) return null;
            if (!/^-?[0-9]+$/.test(value)) return "".concat(quoted(value), " is not an integer");
            if (Number(value) < column.range.least || Number(value) > column.range.most) {
                return "".concat(quoted(value), " is not in ").concat(column.range.least, "..").concat(column.range.most);
            }
            return null;
        }
        function isDamaged(value) {
            for(var i = 0; i < value.length; i++){
                var code = value.charCodeAt(i);
                if (code < 0x20 || code >= 0x7f && code < 0xa0 || code === 0xfffd) return true;
            }
            return false;
        }
        function typed(column, value) {
            if (column.name === 'income_bracket') return label(value);
            if (column.range) return Number(value);
            return value === '?' ? '' : value;
        }
        function label(value) {
            var match = /^(<=50K|>50K)\.?$/.exec(value);
            return match ? match[1] : null;
        }
        function rejected(line, reason) {
            var row = {};
            for(var i = 0; i < COLUMNS.length; i++)row[COLUMNS[i].name] = null;
            row.baton_reject_reason = reason;
            row.baton_raw = shortened(line, RAW_LINE_LIMIT);
            return JSON.stringify(row);
        }
        function quoted(value) {
            return JSON.stringify(shortened(value, REASON_TEXT_LIMIT));
        }
        function shortened(text, limit) {
            if (text.length <= limit) return text;
            return text.slice(0, limit).replace(/[\ud800-\udbff]$/, '');
        }
        return transform;
    })()(line);
}

