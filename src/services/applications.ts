/** All applications that this process hosts, by the names of their services. */
import type { Configuration } from "../config/model.ts";
import type { Control } from "./control.ts";
import type { Application } from "./hosting.ts";
import { prometheusApplication } from "./prometheus.ts";
import { createStatsApplication } from "./stats-page/app.ts";

/** Finds the application of a service. @param version this program's */
export function findApplications(
  { proxies }: Configuration,
  control: Control,
  version: string,
): (service: string) => Application | null {
  const found = new Map<string, Application>([
    ["prometheus-exporter", prometheusApplication(control)],
  ]);
  for (const proxy of proxies) {
    if (proxy.stats === null) continue;
    const application = createStatsApplication(proxy.stats, proxy, control, version);
    found.set(`stats ${proxy.kind} ${proxy.name}`, application);
  }
  return (service) => found.get(service) ?? null;
}
