// Results of tests as JUnit XML, for systems that show them.

export interface JunitCase {
  name: string;
  failures: string[];
  error: string;
}

export interface JunitSuite {
  name: string;
  failures: number;
  errors: number;
  timestamp: string;
  cases: JunitCase[];
}

export function formatJunit(suites: readonly JunitSuite[]): string {
  const texts = suites.map(({name, failures, errors, timestamp, cases}) => {
    const counts = `tests="${cases.length}" failures="${failures}" errors="${errors}" skipped="0"`;
    const inner = cases.map(formatCase).join('');
    return `<testsuite name="${escapeXml(name)}" ${counts} timestamp="${timestamp}">${inner}</testsuite>`;
  });
  return `<testsuites>${texts.join('')}</testsuites>`;
}

function formatCase({name, failures, error}: JunitCase): string {
  const failed = failures.map((each) => `<failure>${escapeXml(each)}</failure>`).join('');
  const broken = error === '' ? '' : `<error>${escapeXml(error)}</error>`;
  return `<testcase name="${escapeXml(name)}">${failed}${broken}</testcase>`;
}

const escapes: Readonly<Record<string, string>> = {
  '"': '&#34;',
  "'": '&#39;',
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '\t': '&#x9;',
  '\n': '&#xA;',
  '\r': '&#xD;',
};

/** As Go's encoding/xml. */
function escapeXml(text: string): string {
  return (
    text
      .replaceAll(/["'&<>\t\n\r]/g, (char) => escapes[char]!)
      // XML has no such characters at all.
      // oxlint-disable-next-line no-control-regex
      .replaceAll(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, '\ufffd')
  );
}
