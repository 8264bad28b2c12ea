#include "tests/virtual_board/xclbin_writer.h"

#include <xclbin.h>

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <iterator>
#include <vector>

#include "hw/config/contract.h"
#include "tests/virtual_board/design.h"

namespace recurd {
namespace virtual_board {
namespace {

constexpr uint64_t kFetchBase = 0xa4010000, kStoreBase = 0xa4020000, kControlBase = 0xa4030000;
constexpr uint64_t kMemoryBase = 0x800000000, kMemoryKilobytes = 6 << 20;  // the upper DDR of a VCK190

struct Section {
  axlf_section_kind kind;
  std::string data;
};

template <class T>
void Append(const T& value, std::string* to) {
  to->append(reinterpret_cast<const char*>(&value), sizeof(value));
}

// XRT's arrays: a count, then the elements at the next multiple of eight, unless they are of words only.
template <class T>
std::string CountedArray(const std::vector<T>& elements) {
  std::string data;
  Append(static_cast<int32_t>(elements.size()), &data);
  data.resize(std::max<size_t>(sizeof(int32_t), alignof(T)));
  for (const T& element : elements) Append(element, &data);
  return data;
}

template <class Field>
void CopyName(const std::string& name, Field& to) {
  std::memcpy(to, name.data(), std::min(name.size(), sizeof(to) - 1));
}

ip_data Kernel(const char* name, IP_CONTROL protocol, uint64_t base) {
  ip_data ip = {};
  ip.m_type = IP_KERNEL;
  ip.properties = protocol << IP_CONTROL_SHIFT & IP_CONTROL_MASK;
  ip.m_base_address = base;
  CopyName(std::string(name) + ":" + name + "_1", ip.m_name);
  return ip;
}

std::string IpLayout() {
  // In the order of their addresses, so that a compute unit has its kernel's number.
  return CountedArray<ip_data>({Kernel(kFetchKernel, AP_CTRL_HS, kFetchBase),
                                Kernel(kStoreKernel, AP_CTRL_HS, kStoreBase),
                                Kernel(kControlKernel, AP_CTRL_NONE, kControlBase)});
}

std::string MemTopology() {
  mem_data bank = {};
  bank.m_type = MEM_DDR4;
  bank.m_used = 1;
  bank.m_size = kMemoryKilobytes;
  bank.m_base_address = kMemoryBase;
  CopyName("DDR", bank.m_tag);
  return CountedArray<mem_data>({bank});
}

std::string Connectivity() { return CountedArray<connection>({{0, 0, 0}, {0, 1, 0}}); }

std::string Hex(uint64_t value) {
  std::string text;
  for (int digit = 15; digit >= 0; --digit) text += "0123456789abcdef"[value >> 4 * digit & 15];
  return "0x" + text.substr(std::min<size_t>(text.find_first_not_of('0'), 15));
}

std::string Port(const char* name, const char* mode, uint32_t range, int width) {
  return std::string("<port name=\"") + name + "\" mode=\"" + mode + "\" range=\"" + Hex(range) + "\" dataWidth=\"" +
         std::to_string(width) + "\" portType=\"addressable\" base=\"0x0\"/>";
}

std::string Instance(const char* name, uint64_t base) {
  return std::string("<instance name=\"") + name + "_1\"><addrRemap base=\"" + Hex(base) +
         "\" range=\"0x10000\" port=\"S_AXI_CONTROL\"/></instance>";
}

std::string MoverXml(const char* name, uint64_t base) {
  const std::string quoted = std::string("\"") + name + "\"";
  return "<kernel name=" + quoted + " language=\"c\" vlnv=\"recurd:hls:" + name +
         ":1.0\" hwControlProtocol=\"ap_ctrl_hs\" workGroupSize=\"1\" interrupt=\"false\">" +
         Port("M_AXI_GMEM", "master", 0xffffffff, 128) + Port("S_AXI_CONTROL", "slave", 0x1000, 32) +
         "<arg name=\"ring\" addressQualifier=\"1\" id=\"0\" port=\"M_AXI_GMEM\" size=\"0x8\" offset=\"" +
         Hex(kRingArgument) + "\" hostOffset=\"0x0\" hostSize=\"0x8\" type=\"void*\"/>" +
         "<arg name=\"beats\" addressQualifier=\"0\" id=\"1\" port=\"S_AXI_CONTROL\" size=\"0x4\" offset=\"" +
         Hex(kBeatsArgument) + "\" hostOffset=\"0x0\" hostSize=\"0x4\" type=\"uint\"/>" + Instance(name, base) +
         "</kernel>\n";
}

std::string EmbeddedMetadata() {
  return std::string("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<project name=\"recurd\">") +
         "<platform vendor=\"xilinx\" boardid=\"vck190\" name=\"base\" featureRomTime=\"0\"><version major=\"0\" "
         "minor=\"0\"/><device name=\"fpga0\" fpgaDevice=\"versal\" addrWidth=\"0\">"
         "<core name=\"OCL_REGION_0\" target=\"hw\" type=\"clc_region\" clockFreq=\"0MHz\" numComputeUnits=\"3\">\n" +
         MoverXml(kFetchKernel, kFetchBase) + MoverXml(kStoreKernel, kStoreBase) + "<kernel name=\"" + kControlKernel +
         "\" language=\"ip_c\" vlnv=\"recurd:hls:control:1.0\" hwControlProtocol=\"user_managed\" "
         "workGroupSize=\"1\" " +
         "interrupt=\"false\">" + Port("S_AXI_CONTROL", "slave", hw::kRegisterBytes, 32) +
         Instance(kControlKernel, kControlBase) + "</kernel>\n</core></device></platform></project>\n";
}

std::string AieMetadata() {
  return std::string("{\"schema_version\":\"1.0\",\"aie_metadata\":{\"graphs\":{\"graph0\":{\"id\":0,\"name\":\"") +
         kGraph + "\"}},\"RTPs\":{},\"GMIOs\":{}}}\n";
}

// Two FNV-1a sums over the text.
std::array<uint8_t, 16> UuidOf(const std::string& text) {
  std::array<uint8_t, 16> uuid;
  for (int half = 0; half < 2; ++half) {
    uint64_t sum = 0xcbf29ce484222325 + half;
    for (const char c : text) sum = (sum ^ static_cast<uint8_t>(c)) * 0x100000001b3;
    std::memcpy(&uuid[8 * half], &sum, 8);
  }
  return uuid;
}

std::vector<Section> Sections(XclbinKind kind, const std::string& design) {
  std::vector<Section> sections;
  if (kind != XclbinKind::kAie) {
    sections = {{BITSTREAM, design},
                {EMBEDDED_METADATA, EmbeddedMetadata()},
                {IP_LAYOUT, IpLayout()},
                {CONNECTIVITY, Connectivity()},
                {ASK_GROUP_CONNECTIVITY, Connectivity()}};
  }
  sections.push_back({MEM_TOPOLOGY, MemTopology()});
  sections.push_back({ASK_GROUP_TOPOLOGY, MemTopology()});
  if (kind != XclbinKind::kPl) {
    sections.push_back({PDI, design});
    sections.push_back({AIE_METADATA, AieMetadata()});
  }
  return sections;
}

void PadToEight(std::string* text) { text->resize((text->size() + 7) / 8 * 8); }

}  // namespace

std::string MakeXclbin(const XclbinOptions& options) {
  const bool foreign = options.kind == XclbinKind::kForeign;
  const std::string design = foreign ? "somebody's design\n" : DesignText(*options.placement, options.build_id);
  const std::vector<Section> sections = Sections(options.kind, design);

  std::string headers, data;
  const size_t begin = offsetof(axlf, m_sections) + sections.size() * sizeof(axlf_section_header);
  data.resize((begin + 7) / 8 * 8 - begin);
  for (const Section& section : sections) {
    axlf_section_header header = {};
    header.m_sectionKind = section.kind;
    header.m_sectionOffset = begin + data.size();
    header.m_sectionSize = section.data.size();
    Append(header, &headers);
    data += section.data;
    PadToEight(&data);
  }

  axlf top = {};
  std::memcpy(top.m_magic, "xclbin2", sizeof(top.m_magic));
  top.m_signature_length = -1;
  std::memset(top.reserved, 0xff, sizeof(top.reserved));
  top.m_uniqueId = 1;
  top.m_header.m_length = begin + data.size();
  top.m_header.m_versionMajor = 2;
  top.m_header.m_versionMinor = 13;
  top.m_header.m_mode = XCLBIN_FLAT;
  top.m_header.m_actionMask = options.kind == XclbinKind::kAie ? AM_LOAD_AIE : 0;
  CopyName("xilinx_vck190_base_202220_1", top.m_header.m_platformVBNV);
  const bool given = std::any_of(options.uuid.begin(), options.uuid.end(), [](uint8_t byte) { return byte != 0; });
  const auto uuid = given ? options.uuid : UuidOf(design + std::to_string(static_cast<int>(options.kind)));
  std::memcpy(top.m_header.uuid, uuid.data(), uuid.size());
  top.m_header.m_numSections = sections.size();
  return std::string(reinterpret_cast<const char*>(&top), offsetof(axlf, m_sections)) + headers + data;
}

}  // namespace virtual_board
}  // namespace recurd
