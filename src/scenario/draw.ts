/**
 * Draws a scene as lines of text. An exchange is drawn as the Architecture Guide draws its flows:
 * the client to the left, the server to the right, and the proxy as a bar between them.
 */
import { drawBurst } from "./draw-burst.ts";
import { drawConversation } from "./draw-conversation.ts";
import { drawExchange } from "./draw-exchange.ts";
import { centred, fold, type Look, text, wrap } from "./picture.ts";
import type { Judged, Scene, Verdict } from "./scene.ts";

/** A scene as text. A wait that begins leaves its line open: its end completes it. */
export function draw(scene: Scene, look: Look): string {
  const { paint, width } = look;
  switch (scene.kind) {
    case "heading":
      return text([paint.bold(`== ${scene.text} ==`), ""]);
    case "narration":
      return text([...wrap(scene.text, width - 2).map((line) => `  ${line}`), ""]);
    case "exchange": {
      const picture = drawExchange(scene, look);
      return text([...picture, ...judged(scene, look), ""]);
    }
    case "burst":
      return text([...drawBurst(scene.burst, look), ...judged(scene, look), ""]);
    case "conversation":
      return text([...drawConversation(scene.conversation, look), ...judged(scene, look), ""]);
    case "deed":
      return text([
        ...withOwn(paint.cyan(`* ${scene.text}`), scene.own, look),
        ...judged(scene, look),
        "",
      ]);
    case "waiting":
      return paint.cyan(`* ${scene.text} ...`);
    case "waited": {
      const took = paint.dim(` ${seconds(scene.ms)}`);
      return text([...withOwn(took, scene.own, look), ...judged(scene, look), ""]);
    }
  }
}

/** A line, and the verdict on what it tells: behind it if it held, else below it. */
function withOwn(line: string, own: Verdict | null, look: Look): string[] {
  if (own === null) return [line];
  return own.held ? [`${line}  ${look.paint.green("ok")}`] : [line, ...drawVerdict(own, look)];
}

/** The log lines that came, and the verdicts. */
function judged({ log, verdicts, notes }: Judged, look: Look): string[] {
  const { paint, width } = look;
  const lines = log.flatMap((line) =>
    fold(line, width - 10).map((part, i) => paint.dim(`  ${i === 0 ? "log " : "    "}    ${part}`))
  );
  const told = notes.flatMap((note) => centred(note, look));
  return [...told, ...lines, ...verdicts.flatMap((verdict) => drawVerdict(verdict, look))];
}

/** An expectation and whether it held; what was seen instead follows on a line of its own. */
export function drawVerdict({ held, text, line, saw }: Verdict, { paint, file }: Look): string[] {
  if (held) return [`  ${paint.green("ok")}      ${text}`];
  return [
    `  ${paint.red(paint.bold("FAILED"))}  ${text}  ${paint.dim(`(${file}:${line})`)}`,
    ...saw === null ? [] : [paint.red(`          instead: ${saw}`)],
  ];
}

/** Milliseconds for people: 0.4 s. */
export function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}
