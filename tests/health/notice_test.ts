import { downNotice, noServerNotice, upNotice } from "#src/health/notice.ts";
import type { CheckResult } from "#src/health/result.ts";
import { assertEquals } from "@std/assert";
import { test } from "../testing.ts";

const webA = { proxy: "webfarm", server: "webA", backup: false };
const counts = { active: 3, backup: 0, sessions: 0, requeued: 0, queued: 0 };
const refused: CheckResult = {
  passed: false,
  conditional: false,
  status: "L4CON",
  code: null,
  info: "Connection refused",
  duration: 0.7,
};
const passed: CheckResult = {
  passed: true,
  conditional: false,
  status: "L7OK",
  code: 200,
  info: "",
  duration: 1.2,
};

// Every text is one that HAProxy 2.6 wrote, names and numbers aside.
test("notice: a server falls", () => {
  assertEquals(downNotice(webA, refused, counts), {
    level: "alert",
    text: "Server webfarm/webA is DOWN, reason: Layer4 connection problem, " +
      'info: "Connection refused", check duration: 0ms. 3 active and 0 backup servers left. ' +
      "0 sessions active, 0 requeued, 0 remaining in queue.",
  });
});

test("notice: the last active server falls, backups take over", () => {
  const { text } = downNotice(
    webA,
    {
      passed: false,
      conditional: false,
      status: "L7STS",
      code: 500,
      info: "Oops dear",
      duration: 12,
    },
    { active: 0, backup: 1, sessions: 4, requeued: 2, queued: 7 },
  );
  assertEquals(
    text,
    "Server webfarm/webA is DOWN, reason: Layer7 wrong status, code: 500, " +
      'info: "Oops dear", check duration: 12ms. 0 active and 1 backup servers left. ' +
      "Running on backup. 4 sessions active, 2 requeued, 7 remaining in queue.",
  );
});

test("notice: a time-out has neither code nor info", () => {
  const { text } = downNotice(
    { ...webA, backup: true },
    { passed: false, conditional: false, status: "L7TOUT", code: null, info: "", duration: 2000 },
    { ...counts, active: 0 },
  );
  assertEquals(
    text,
    "Backup Server webfarm/webA is DOWN, reason: Layer7 timeout, check duration: 2000ms. " +
      "0 active and 0 backup servers left. 0 sessions active, 0 requeued, 0 remaining in queue.",
  );
});

test("notice: a server rises", () => {
  assertEquals(upNotice(webA, passed, { ...counts, active: 4 }), {
    level: "notice",
    text: "Server webfarm/webA is UP, reason: Layer7 check passed, code: 200, " +
      "check duration: 1ms. 4 active and 0 backup servers online. " +
      "0 sessions requeued, 0 total in queue.",
  });
  assertEquals(
    upNotice({ ...webA, backup: true }, passed, { ...counts, active: 0, backup: 1 }).text,
    "Backup Server webfarm/webA is UP, reason: Layer7 check passed, code: 200, " +
      "check duration: 1ms. 0 active and 1 backup servers online. Running on backup. " +
      "0 sessions requeued, 0 total in queue.",
  );
});

test("notice: no server is left", () => {
  assertEquals(noServerNotice("listen", "webfarm"), {
    level: "emerg",
    text: "proxy webfarm has no server available!",
  });
  assertEquals(noServerNotice("backend", "back").text, "backend back has no server available!");
});

test("notice: what a server says cannot break the line", () => {
  const info = "a\"b\\c\x01\xe9 <d>~\x7f\t\r\n{'}&";
  const { text } = downNotice(webA, { ...refused, info }, counts);
  assertEquals(
    text.split('info: "')[1]?.split('"')[0],
    "a<22>b\\c<01><E9> <3C>d<3E>~<7F><09><0D><0A>{'}&",
  );
});
