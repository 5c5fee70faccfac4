/** Quotas of REST APIs. https://docs.aws.amazon.com/apigateway/latest/developerguide/api-gateway-execution-service-limits-table.html */
export const LIMITS = {
  /** "Payload size: 10 MB". */
  maxPayloadBytes: 10 * 1024 * 1024,
  /** "Total combined size of request line and header values: 10,240 bytes". */
  maxHeaderBytes: 10_240,
  /** "Integration timeout: 50 milliseconds - 29 seconds". */
  maxIntegrationMs: 29_000,
  /** Lambda takes an event of 6 MB. https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html */
  maxEventBytes: 6 * 1024 * 1024,
} as const;
