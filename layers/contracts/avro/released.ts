// Written by npm run generate; versions are only added.
export const RELEASED_SCHEMAS = {
  "interval-readings": [
    {
      "type": "record",
      "name": "IntervalBlock",
      "namespace": "smartgrid.readings",
      "fields": [
        {
          "name": "meterId",
          "type": "string",
          "doc": "the utility's own id"
        },
        {
          "name": "channel",
          "type": [
            "null",
            "string"
          ],
          "default": null
        },
        {
          "name": "unit",
          "type": "string"
        },
        {
          "name": "intervalMinutes",
          "type": "long"
        },
        {
          "name": "intervals",
          "type": {
            "type": "array",
            "items": {
              "type": "record",
              "name": "IntervalBlockIntervals",
              "fields": [
                {
                  "name": "start",
                  "type": "string"
                },
                {
                  "name": "value",
                  "type": "double"
                },
                {
                  "name": "revision",
                  "type": [
                    "null",
                    "long"
                  ],
                  "default": null,
                  "doc": "highest wins; 0 if none"
                },
                {
                  "name": "quality",
                  "type": [
                    "null",
                    "string"
                  ],
                  "default": null,
                  "doc": "raw if absent"
                }
              ]
            }
          }
        },
        {
          "name": "obis",
          "type": [
            "null",
            "string"
          ],
          "default": null,
          "doc": "in place of channel"
        }
      ]
    }
  ],
  "interval-columns": [
    {
      "type": "record",
      "name": "IntervalColumns",
      "namespace": "smartgrid.readings",
      "fields": [
        {
          "name": "channel",
          "type": {
            "type": "enum",
            "name": "Channel",
            "symbols": [
              "activeEnergyImport",
              "activeEnergyExport",
              "reactiveEnergyImport",
              "reactiveEnergyExport"
            ]
          }
        },
        {
          "name": "unit",
          "type": {
            "type": "enum",
            "name": "EnergyUnit",
            "symbols": [
              "kWh",
              "kvarh"
            ]
          }
        },
        {
          "name": "scale",
          "type": "int"
        },
        {
          "name": "intervalMinutes",
          "type": "int"
        },
        {
          "name": "start",
          "type": {
            "type": "long",
            "logicalType": "timestamp-millis"
          }
        },
        {
          "name": "intervals",
          "type": "int"
        },
        {
          "name": "revision",
          "type": "int",
          "default": 0
        },
        {
          "name": "quality",
          "type": {
            "type": "enum",
            "name": "Quality",
            "symbols": [
              "estimated",
              "raw",
              "edited"
            ]
          },
          "default": "raw"
        },
        {
          "name": "meters",
          "type": {
            "type": "array",
            "items": "string"
          }
        },
        {
          "name": "values",
          "type": "bytes"
        }
      ]
    }
  ],
  "register-reads": [
    {
      "type": "record",
      "name": "RegisterRead",
      "namespace": "smartgrid.readings",
      "fields": [
        {
          "name": "meterId",
          "type": "string",
          "doc": "the utility's own id"
        },
        {
          "name": "channel",
          "type": [
            "null",
            "string"
          ],
          "default": null
        },
        {
          "name": "unit",
          "type": "string"
        },
        {
          "name": "time",
          "type": "string"
        },
        {
          "name": "value",
          "type": "double",
          "doc": "cumulative, as displayed: before the multiplier; at most three decimals"
        },
        {
          "name": "revision",
          "type": [
            "null",
            "long"
          ],
          "default": null,
          "doc": "highest wins; 0 if none"
        },
        {
          "name": "register",
          "type": [
            "null",
            {
              "type": "record",
              "name": "RegisterReadRegister",
              "fields": [
                {
                  "name": "digits",
                  "type": [
                    "null",
                    "long"
                  ],
                  "default": null,
                  "doc": "digits before the decimal point: the register rolls over at ten to this power"
                },
                {
                  "name": "multiplier",
                  "type": [
                    "null",
                    "double"
                  ],
                  "default": null,
                  "doc": "energy = difference of the register × multiplier; the instrument transformers' ratio"
                },
                {
                  "name": "serial",
                  "type": [
                    "null",
                    "string"
                  ],
                  "default": null,
                  "doc": "the manufacturer's number of the physical meter: another one is a meter exchange"
                }
              ]
            }
          ],
          "default": null
        },
        {
          "name": "reason",
          "type": [
            "null",
            "string"
          ],
          "default": null,
          "doc": "scheduled if absent"
        },
        {
          "name": "obis",
          "type": [
            "null",
            "string"
          ],
          "default": null,
          "doc": "in place of channel"
        }
      ]
    }
  ],
  "meter-events": [
    {
      "type": "record",
      "name": "MeterEvent",
      "namespace": "smartgrid.readings",
      "fields": [
        {
          "name": "meterId",
          "type": "string",
          "doc": "the utility's own id"
        },
        {
          "name": "time",
          "type": "string"
        },
        {
          "name": "event",
          "type": "string"
        },
        {
          "name": "detail",
          "type": [
            "null",
            "string"
          ],
          "default": null
        }
      ]
    }
  ],
  "sensor-telemetry": [
    {
      "type": "record",
      "name": "SensorTelemetry",
      "namespace": "smartgrid.telemetry",
      "fields": [
        {
          "name": "sensorId",
          "type": "string",
          "doc": "the utility's own id"
        },
        {
          "name": "time",
          "type": "string"
        },
        {
          "name": "measurements",
          "type": {
            "type": "array",
            "items": {
              "type": "record",
              "name": "SensorTelemetryMeasurements",
              "fields": [
                {
                  "name": "kind",
                  "type": "string"
                },
                {
                  "name": "unit",
                  "type": "string"
                },
                {
                  "name": "phase",
                  "type": [
                    "null",
                    "string"
                  ],
                  "default": null
                },
                {
                  "name": "value",
                  "type": "double"
                }
              ]
            }
          }
        }
      ]
    }
  ]
} as const;
