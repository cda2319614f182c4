namespace NativeAttention.Emulation.Tests;

/// <summary>Small PTX modules for tests of the driver.</summary>
internal static class TestKernels
{
    internal const string Header = ".version 7.4\n.target sm_80\n.address_size 64\n";

    /// <summary><c>empty()</c> does nothing; <c>empty64()</c> the same in at most 64 threads.</summary>
    internal const string Empty = Header + """
        .visible .entry empty()
        {
            ret;
        }

        .visible .entry empty64()
        .maxntid 64, 1, 1
        {
            ret;
        }
        """;

    /// <summary><c>store(pointer, value)</c> writes a 4-byte word; <c>add</c> adds to one.</summary>
    internal const string Store = Header + """
        .visible .entry store(
            .param .u64 store_param_0,
            .param .u32 store_param_1
        )
        {
            .reg .b32 %r<2>;
            .reg .b64 %rd<3>;
            ld.param.u64 %rd1, [store_param_0];
            ld.param.u32 %r1, [store_param_1];
            cvta.to.global.u64 %rd2, %rd1;
            st.global.u32 [%rd2], %r1;
            ret;
        }

        .visible .entry add(
            .param .u64 add_param_0,
            .param .u32 add_param_1
        )
        {
            .reg .b32 %r<4>;
            .reg .b64 %rd<3>;
            ld.param.u64 %rd1, [add_param_0];
            ld.param.u32 %r1, [add_param_1];
            cvta.to.global.u64 %rd2, %rd1;
            ld.global.u32 %r2, [%rd2];
            add.s32 %r3, %r2, %r1;
            st.global.u32 [%rd2], %r3;
            ret;
        }
        """;

    /// <summary>
    /// <c>echo(pointer, word, struct of 12 bytes aligned to 8, word)</c> writes its parameters out, as words.
    /// </summary>
    internal const string Echo = Header + """
        .visible .entry echo(
            .param .u64 echo_param_0,
            .param .u32 echo_param_1,
            .param .align 8 .b8 echo_param_2[12],
            .param .u32 echo_param_3
        )
        {
            .reg .b32 %r<6>;
            .reg .b64 %rd<3>;
            ld.param.u64 %rd1, [echo_param_0];
            cvta.to.global.u64 %rd2, %rd1;
            ld.param.u32 %r1, [echo_param_1];
            ld.param.u32 %r2, [echo_param_2];
            ld.param.u32 %r3, [echo_param_2+4];
            ld.param.u32 %r4, [echo_param_2+8];
            ld.param.u32 %r5, [echo_param_3];
            st.global.u32 [%rd2], %r1;
            st.global.u32 [%rd2+4], %r2;
            st.global.u32 [%rd2+8], %r3;
            st.global.u32 [%rd2+12], %r4;
            st.global.u32 [%rd2+16], %r5;
            ret;
        }
        """;

    /// <summary><c>shared(pointer, offset)</c> stores and loads a word of dynamic shared memory.</summary>
    internal const string Shared = Header + """
        .extern .shared .align 16 .b8 dynamic[];

        .visible .entry shared(
            .param .u64 shared_param_0,
            .param .u32 shared_param_1
        )
        {
            .reg .b32 %r<6>;
            .reg .b64 %rd<3>;
            ld.param.u64 %rd1, [shared_param_0];
            ld.param.u32 %r1, [shared_param_1];
            cvta.to.global.u64 %rd2, %rd1;
            mov.u32 %r2, dynamic;
            add.s32 %r3, %r2, %r1;
            st.shared.u32 [%r3], %r1;
            ld.shared.u32 %r4, [%r3];
            st.global.u32 [%rd2], %r4;
            ret;
        }
        """;

    /// <summary>A module with an instruction that does not exist.</summary>
    internal const string Unknown = Header + """
        .visible .entry broken()
        {
            .reg .b32 %r<3>;
            frobnicate.u32 %r1, %r2;
            ret;
        }
        """;
}
