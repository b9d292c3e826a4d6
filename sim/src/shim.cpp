// SPDX-License-Identifier: Apache-2.0 OR MIT
// C interface to the Verilated models: what `ffi.rs` and `ffi/endpoint.rs` declare, and nothing more.
//
// A step is one clock: inputs are applied, the falling edge settles the combinational outputs, they are sampled, and
// the rising edge moves the registers. So outputs are those that the design's neighbours see at that rising edge.

#include "models.h"
#include "verilated.h"
#include "verilated_vcd_c.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <exception>
#include <memory>

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "ports are copied as bytes, lowest first");

namespace {

// A model with its clock and, on request, its waves.
template <class Top> struct Instance {
    std::unique_ptr<VerilatedContext> context{new VerilatedContext};
    std::unique_ptr<Top> top;
    std::unique_ptr<VerilatedVcdC> waves;

    Instance() {
        context->traceEverOn(true);
        top.reset(new Top{context.get(), "weir"});
        top->clock = 0;
    }

    ~Instance() {
        if (waves) waves->close();
        top->final();
    }

    bool record(const char* path) {
        waves.reset(new VerilatedVcdC);
        top->trace(waves.get(), 99);
        waves->open(path);
        return waves->isOpen();
    }

    void edge(bool level) {
        top->clock = level;
        top->eval();
        if (waves) waves->dump(context->time());
        context->timeInc(1);
    }
};

template <class Port> void drive(Port& port, const uint8_t* bytes) {
    std::memcpy(static_cast<void*>(&port), bytes, sizeof port);
}

template <class Port> void sample(const Port& port, uint8_t* bytes) {
    std::memcpy(bytes, static_cast<const void*>(&port), sizeof port);
}

// Must equal the structures of the same names in ffi.rs.
struct WeirInputs {
    uint8_t rx_data[64];
    uint8_t rx_keep[8];
    uint64_t rx_timestamp, rx_random;
    uint32_t rx_ifindex, rx_queue, rx_number, reg_wdata;
    uint16_t reg_address;
    uint8_t reset, rx_last, rx_valid, rx_slot, tx_ready, reg_valid, reg_write;
};

struct WeirOutputs {
    uint8_t tx_data[64];
    uint8_t tx_keep[8];
    uint32_t tx_verdict, tx_number, tx_redirect, report_number, report_verdict, admit_number, reg_rdata;
    uint16_t report_length;
    uint8_t rx_ready, tx_last, tx_valid, tx_slot;
    uint8_t report_valid, report_slot, report_aborted, admit_valid, reg_ready;
};

// A model of some target.
struct Pipeline {
    virtual ~Pipeline() = default;
    virtual bool record(const char* path) = 0;
    virtual void step(const WeirInputs& in, WeirOutputs& out) = 0;
};

template <class Top> struct PipelineOf final : Pipeline {
    // A model of another bus width would write past these.
    static_assert(sizeof(Top::rx_data) <= sizeof WeirInputs::rx_data, "bus of more than 64 bytes");
    static_assert(sizeof(Top::rx_keep) <= sizeof WeirInputs::rx_keep, "bus of more than 64 bytes");

    Instance<Top> instance;

    bool record(const char* path) override { return instance.record(path); }

    void step(const WeirInputs& in, WeirOutputs& out) override {
        auto& top = *instance.top;
        top.reset = in.reset;
        drive(top.rx_data, in.rx_data);
        drive(top.rx_keep, in.rx_keep);
        top.rx_last = in.rx_last;
        top.rx_valid = in.rx_valid;
        top.rx_slot = in.rx_slot;
        top.rx_ifindex = in.rx_ifindex;
        top.rx_queue = in.rx_queue;
        top.rx_number = in.rx_number;
        top.rx_timestamp = in.rx_timestamp;
        top.rx_random = in.rx_random;
        top.tx_ready = in.tx_ready;
        top.reg_valid = in.reg_valid;
        top.reg_write = in.reg_write;
        top.reg_address = in.reg_address;
        top.reg_wdata = in.reg_wdata;
        instance.edge(false);
        sample(top.tx_data, out.tx_data);
        sample(top.tx_keep, out.tx_keep);
        out.tx_verdict = top.tx_verdict;
        out.tx_number = top.tx_number;
        out.tx_redirect = top.tx_redirect;
        out.tx_last = top.tx_last;
        out.tx_valid = top.tx_valid;
        out.tx_slot = top.tx_slot;
        out.rx_ready = top.rx_ready;
        out.report_valid = top.report_valid;
        out.report_number = top.report_number;
        out.report_slot = top.report_slot;
        out.report_verdict = top.report_verdict;
        out.report_aborted = top.report_aborted;
        out.report_length = top.report_length;
        out.admit_valid = top.admit_valid;
        out.admit_number = top.admit_number;
        out.reg_ready = top.reg_ready;
        out.reg_rdata = top.reg_rdata;
        instance.edge(true);
    }
};

// Must equal the structures of the same names in ffi/endpoint.rs.
struct WeirLinkInputs {
    uint8_t rx_data[64];
    uint8_t rx_keep[2];
    uint32_t reg_rdata;
    uint8_t reset, rx_last, rx_valid, tx_ready, link, reg_ready;
};

struct WeirLinkOutputs {
    uint8_t tx_data[64];
    uint8_t tx_keep[2];
    uint16_t reg_address;
    uint32_t reg_wdata;
    uint8_t rx_ready, tx_last, tx_valid, idle, reg_valid, reg_write, bus_bytes;
};

// A model of some endpoint.
struct Endpoint {
    virtual ~Endpoint() = default;
    virtual bool record(const char* path) = 0;
    virtual void step(const WeirLinkInputs& in, WeirLinkOutputs& out) = 0;
};

template <class Top> struct EndpointOf final : Endpoint {
    static_assert(sizeof(Top::tlp_rx_data) <= sizeof WeirLinkInputs::rx_data, "link of more than 64 bytes");
    static_assert(sizeof(Top::tlp_rx_keep) <= sizeof WeirLinkInputs::rx_keep, "link of more than 16 dwords");

    Instance<Top> instance;

    bool record(const char* path) override { return instance.record(path); }

    void step(const WeirLinkInputs& in, WeirLinkOutputs& out) override {
        auto& top = *instance.top;
        top.reset = in.reset;
        drive(top.tlp_rx_data, in.rx_data);
        drive(top.tlp_rx_keep, in.rx_keep);
        top.tlp_rx_last = in.rx_last;
        top.tlp_rx_valid = in.rx_valid;
        top.tlp_tx_ready = in.tx_ready;
        top.link = in.link;
        top.reg_ready = in.reg_ready;
        top.reg_rdata = in.reg_rdata;
        instance.edge(false);
        sample(top.tlp_tx_data, out.tx_data);
        sample(top.tlp_tx_keep, out.tx_keep);
        out.tx_last = top.tlp_tx_last;
        out.tx_valid = top.tlp_tx_valid;
        out.rx_ready = top.tlp_rx_ready;
        out.idle = top.idle;
        out.reg_valid = top.reg_valid;
        out.reg_write = top.reg_write;
        out.reg_address = top.reg_address;
        out.reg_wdata = top.reg_wdata;
        out.bus_bytes = sizeof top.tlp_rx_data;
        instance.edge(true);
    }
};

}  // namespace

extern "C" {

void* weir_endpoint_new(const char* name) noexcept {
    try {
#define WEIR_ENDPOINT(known, Top) \
    if (std::strcmp(name, known) == 0) return static_cast<Endpoint*>(new EndpointOf<Top>);
        WEIR_ENDPOINTS(WEIR_ENDPOINT)
#undef WEIR_ENDPOINT
    } catch (const std::exception&) {
    }
    return nullptr;
}

void weir_endpoint_free(void* model) noexcept { delete static_cast<Endpoint*>(model); }

bool weir_endpoint_record(void* model, const char* path) noexcept {
    return static_cast<Endpoint*>(model)->record(path);
}

void weir_endpoint_step(void* model, const WeirLinkInputs* in, WeirLinkOutputs* out) noexcept {
    static_cast<Endpoint*>(model)->step(*in, *out);
}

void* weir_pipeline_new(const char* target) noexcept {
    try {
#define WEIR_MODEL(name, Top) \
    if (std::strcmp(target, name) == 0) return static_cast<Pipeline*>(new PipelineOf<Top>);
        WEIR_MODELS(WEIR_MODEL)
#undef WEIR_MODEL
    } catch (const std::exception&) {
    }
    return nullptr;
}

void weir_pipeline_free(void* model) noexcept { delete static_cast<Pipeline*>(model); }

bool weir_pipeline_record(void* model, const char* path) noexcept {
    return static_cast<Pipeline*>(model)->record(path);
}

void weir_pipeline_step(void* model, const WeirInputs* in, WeirOutputs* out) noexcept {
    static_cast<Pipeline*>(model)->step(*in, *out);
}

void* weir_primitives_new() noexcept {
    try {
        return new Instance<Vprimitives>;
    } catch (const std::exception&) {
        return nullptr;
    }
}

void weir_primitives_free(void* model) noexcept { delete static_cast<Instance<Vprimitives>*>(model); }

// Applies `stimulus`, samples the outputs in the order of `PrimitiveModel::OUTPUTS`, at most `count`, and lets a clock
// pass.
void weir_primitives_step(void* model, const uint32_t stimulus[8], uint64_t* outputs,
                          size_t count) noexcept {
    auto& instance = *static_cast<Instance<Vprimitives>*>(model);
    auto& top = *instance.top;
    for (int word = 0; word < 8; ++word) top.stimulus[word] = stimulus[word];
    instance.edge(false);
    const uint64_t now[] = {
        top.packed,    top.shifted,   top.delayed_0, top.delayed_1,  top.delayed_3, top.enabled,
        top.product_1, top.product_3, top.sync_read, top.async_read, top.held_read,
        top.context,   top.context_low, top.context_high,
        top.chosen,    top.computed,  top.computed_plain, top.related, top.realigned,
    };
    std::memcpy(outputs, now, std::min(sizeof now, count * sizeof *now));
    instance.edge(true);
}

}  // extern "C"
