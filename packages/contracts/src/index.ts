export * from "./delivery.ts";
export * from "./job-events.ts";
export * from "./messages.ts";
